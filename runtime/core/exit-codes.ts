/** What `tapioc` and `tapio` tell the shell. */
export const exitCodes = {
  ok: 0,
  /** Findings were made, or tests failed. */
  findings: 1,
  /** The rules do not compile. */
  rules: 2,
  /** Wrong usage or configuration. */
  usage: 3,
  /** The environment lacks something. */
  environment: 4,
  /** Our own mistake. */
  internal: 70,
} as const;

/** The command was used wrongly: exit code 3, a message and the way out, no stack trace. */
export class UsageError extends Error {
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** What the system says about a file, in words. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, string>> = {
    ENOENT: "no such file or folder",
    EACCES: "permission denied",
    EISDIR: "it is a folder",
    EEXIST: "something else has that name",
    ENOSPC: "no space left",
    EROFS: "the file system is read-only",
    ENOTDIR: "a part of the path is not a folder",
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}
