/** `grammar/std.gen.ts`: the standard library's text, for browsers and editors without files. */
export function emitStdText(
  files: readonly { readonly file: string; readonly text: string }[],
): string {
  const entries = files.map(
    (f) =>
      `  {\n    file: ${JSON.stringify(`tapio:${f.file}`)},\n    text: ${JSON.stringify(f.text)},\n  },`,
  );
  return `// Generated from rules/std/ by \`npm run gen\`. Do not edit.

/** Files of the standard library, in the order their event kinds get ids. */
export const stdFiles: readonly { readonly file: string; readonly text: string }[] = [
${entries.join("\n")}
];
`;
}
