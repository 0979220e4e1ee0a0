/**
 * Random patterns together with texts that nearly match them.
 *
 * A pattern is generated as a small tree, so that it can be printed in the syntax and sampled for a
 * matching text; both shrink with the tree. The alphabet is chosen to hit the seams: both cases of
 * a letter, a word and a non-word character, a newline, and characters of two, three and four
 * bytes.
 */

import fc from "fast-check";

export type Tree =
  | { readonly t: "text"; readonly text: string }
  | { readonly t: "class"; readonly print: string; readonly members: readonly string[] }
  | { readonly t: "zero"; readonly print: string }
  | { readonly t: "seq"; readonly parts: readonly Tree[] }
  | { readonly t: "alt"; readonly options: readonly Tree[] }
  | {
      readonly t: "repeat";
      readonly body: Tree;
      readonly print: string;
      readonly times: readonly number[];
    }
  | { readonly t: "group"; readonly body: Tree; readonly head: string };

export const ALPHABET = ["a", "b", "A", "1", "_", " ", "-", "\n", "é", "€", "😀"] as const;

const CLASSES: readonly (readonly [string, readonly string[]])[] = [
  [".", ["a", "é", "😀", " "]],
  ["[ab]", ["a", "b"]],
  ["[^a]", ["b", "\n", "é", "😀"]],
  ["[a-c€]", ["a", "c", "€"]],
  ["[^\\n-é]", ["€", "😀"]],
  ["\\d", ["1", "0"]],
  ["\\D", ["a", "é"]],
  ["\\w", ["a", "_", "1"]],
  ["\\W", [" ", "é"]],
  ["\\s", [" ", "\n"]],
  ["[\\w-]", ["a", "-"]],
  ["[[:alpha:]]", ["A", "b"]],
  ["[à-€]", ["é", "€"]],
  ["[^😀]", ["a", "€"]],
  ["\\x{e9}", ["é"]],
  ["\\p{Zs}", [" "]],
  ["\\P{Sc}", ["a", "é", "😀"]],
  ["[^\\p{Nd}_]", ["A", "€", " "]],
];

const ZERO = ["^", "$", "\\A", "\\z", "\\b", "\\B"] as const;

const REPEATS: readonly (readonly [string, readonly number[]])[] = [
  ["*", [0, 1, 3]],
  ["+", [1, 2]],
  ["?", [0, 1]],
  ["*?", [0, 1, 2]],
  ["+?", [1, 2]],
  ["??", [0, 1]],
  ["{2}", [2]],
  ["{1,3}", [1, 3]],
  ["{2,}", [2, 4]],
  ["{0,2}?", [0, 2]],
];

/** `\u0000` stands for the number of the group, filled in by `print`. */
const HEADS = ["(?:", "(?<g\u0000>", "(?P<g\u0000>", "(?i:", "(?s:", "(?m:", "(?ms-i:"] as const;

export interface TreeOptions {
  readonly alphabet?: readonly string[];
  readonly classes?: readonly (readonly [string, readonly string[]])[];
  readonly maxDepth?: number;
  readonly maxParts?: number;
}

export function treeArbitrary(options: TreeOptions = {}): fc.Arbitrary<Tree> {
  const { alphabet = ALPHABET, classes = CLASSES, maxDepth = 4, maxParts = 4 } = options;
  const many = { minLength: 2, maxLength: maxParts };
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth, withCrossShrink: true },
      {
        weight: 5,
        arbitrary: fc.constantFrom(...alphabet).map((text): Tree => ({ t: "text", text })),
      },
      {
        weight: 3,
        arbitrary: fc
          .constantFrom(...classes)
          .map(([print, members]): Tree => ({ t: "class", print, members })),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...ZERO).map((print): Tree => ({ t: "zero", print })),
      },
      { weight: 4, arbitrary: fc.array(tie("tree"), many).map(sequence) },
      {
        weight: 3,
        arbitrary: fc.array(tie("tree"), many).map((options): Tree => ({ t: "alt", options })),
      },
      {
        weight: 4,
        arbitrary: fc
          .tuple(tie("tree"), fc.constantFrom(...REPEATS))
          .map(([body, [print, times]]): Tree => ({ t: "repeat", body, print, times })),
      },
      {
        weight: 4,
        arbitrary: fc
          .tuple(tie("tree"), fc.constantFrom(...HEADS))
          .map(([body, head]): Tree => ({ t: "group", body, head })),
      },
    ),
  }));
  return fc.oneof(
    { weight: 1, arbitrary: tree },
    { weight: 4, arbitrary: fc.array(tree, many).map(sequence) },
  );
}

function sequence(parts: readonly Tree[]): Tree {
  return { t: "seq", parts };
}

/** The pattern in the syntax; groups are named g0, g1, … */
export function print(tree: Tree): string {
  let groups = 0;
  const go = (node: Tree): string => {
    switch (node.t) {
      case "text":
        return node.text.replace(/[-\\^$.*+?()[\]{}|]/g, "\\$&");
      case "class":
      case "zero":
        return node.print;
      case "seq":
        return node.parts.map((part) => (part.t === "alt" ? `(?:${go(part)})` : go(part))).join("");
      case "alt":
        return node.options.map(go).join("|");
      case "repeat":
        return `(?:${go(node.body)})${node.print}`;
      case "group": {
        const head = node.head.includes("\u0000")
          ? node.head.replace("\u0000", `${groups++}`)
          : node.head;
        return `${head}${go(node.body)})`;
      }
    }
  };
  return go(tree);
}

/** A text the tree would match but for its assertions, steered by `choices`. */
export function sample(tree: Tree, choices: readonly number[]): string {
  let next = 0;
  const choose = <T>(from: readonly T[]): T =>
    from[(choices[next++ % Math.max(choices.length, 1)] ?? 0) % from.length]!;
  const go = (node: Tree): string => {
    switch (node.t) {
      case "text":
        return node.text;
      case "class":
        return choose(node.members);
      case "zero":
        return "";
      case "seq":
        return node.parts.map(go).join("");
      case "alt":
        return go(choose(node.options));
      case "repeat":
        return Array.from({ length: choose(node.times) }, () => go(node.body)).join("");
      case "group":
        return go(node.body);
    }
  };
  return go(tree).slice(0, 200);
}

/** Matching texts with noise around and an occasional change inside. */
export function nearMiss(tree: Tree): fc.Arbitrary<string> {
  const noise = fc
    .array(fc.constantFrom(...ALPHABET), { maxLength: 3 })
    .map((parts) => parts.join(""));
  return fc
    .tuple(fc.array(fc.nat(11), { minLength: 1, maxLength: 12 }), noise, noise, fc.nat(40), noise)
    .map(([choices, before, after, place, change]) => {
      const characters = [...sample(tree, choices)];
      if (place < characters.length) characters.splice(place, 1, change);
      return before + characters.join("") + after;
    });
}

/** How many runs a property gets: `TAPIO_FUZZ_RUNS`, or a few hundred. */
export const FUZZ_RUNS = Number(process.env.TAPIO_FUZZ_RUNS ?? 400);

/** The same for the laws against other implementations. */
export const LAW_RUNS = Number(process.env.TAPIO_FUZZ_RUNS ?? 2000);
