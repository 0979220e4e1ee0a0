/**
 * `tapioc` as people meet it: a process with arguments, files, two streams and an exit code.
 * Whatever it is given, it ends with a documented code and a message, never with a stack trace.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipReason } from "../harness/skip.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tapioc-"));
/** A copy, so that a build by another test cannot change it under a running child. */
const program = join(folder, "tapioc.mjs");

const good = `module demo.rules
import tapio.schema.v1

rule r {
  match e: kernel.oom_kill
}

test "one kill" for r {
  given {
    at 1s kernel.oom_kill { comm: "x" pid: 1 cgroup: id("7") scope: "memcg" }
  }
  expect { finding r at 1s times 1 }
}
`;
const failing = good.replace("at 1s times 1", "at 2s times 1");
const bad = good.replace("kernel.oom_kill\n}", "kernel.oom_kil\n}");

beforeAll(() => {
  const built = join(root, "dist/tapioc.js");
  const newest = (path: string): number =>
    statSync(path).isDirectory()
      ? Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))))
      : statSync(path).mtimeMs;
  const sources = ["grammar", "compiler", "runtime/core", "runtime/engine", "runtime/events"];
  const changed = Math.max(...sources.map((s) => newest(join(root, s))));
  if (!existsSync(built) || statSync(built).mtimeMs < changed)
    spawnSync(process.execPath, [join(root, "build.mjs"), "tapioc"], { cwd: root });
  cpSync(built, program);
  for (const beside of [".cjs", ".cache"])
    cpSync(built.replace(/\.js$/, beside), program.replace(/\.mjs$/, beside));
});

afterAll(() => {
  chmodSync(join(folder, "shut"), 0o755);
  rmSync(folder, { recursive: true, force: true });
});

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface How {
  readonly input?: string;
  readonly cwd?: string;
  /** Runs without root's rights, which could read and write everything. */
  readonly isNobody?: boolean;
}

async function tapioc(args: readonly string[], how: How = {}): Promise<Done> {
  const drop = how.isNobody && process.getuid?.() === 0;
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath];
  const [command, first] = drop ? ["setpriv", nobody] : [process.execPath, []];
  const child = spawn(command, [...first, program, ...args], {
    cwd: how.cwd ?? folder,
    timeout: 50_000,
    env: { ...process.env, NODE_OPTIONS: "", TAPIO_DEBUG: "" },
  });
  child.stdin.on("error", () => undefined).end(how.input ?? "");
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.on("close", done)),
  ]);
  expect(`${out}${err}`).not.toMatch(/^\s+at .*[:(]\d+|node:internal|Error: /m);
  return { code, out, err };
}

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  // A test beside this one may be reading it.
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
}

describe.concurrent("exit codes", () => {
  test("0: rules are fine", async () => {
    const path = file("good.tapio", good);
    expect(await tapioc(["check", path])).toMatchObject({ code: 0, out: "" });
    expect(await tapioc(["test", path])).toMatchObject({ code: 0 });
    expect(await tapioc(["fmt", "--check", path])).toMatchObject({ code: 0, out: "" });
    const bundle = join(folder, "new/good.tapiob");
    expect(await tapioc(["compile", path, "-o", bundle])).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(bundle).subarray(0, 8).toString()).toBe("TAPIOB01");
    expect(readdirSync(join(folder, "new"))).toEqual(["good.tapiob"]);
  });

  test("1: a test fails, a file is not formatted", async () => {
    const path = file("failing.tapio", failing);
    const { code, out } = await tapioc(["test", path]);
    expect(code).toBe(1);
    expect(out).toContain("FAIL r: one kill");
    expect(out).toContain("expected a finding of `r` at 2s, found 1s");
    expect(out).toContain("0 passed, 1 failed");
    const loose = file("loose.tapio", good.replace("  match", "match"));
    expect(await tapioc(["fmt", "--check", loose])).toMatchObject({ code: 1 });
  });

  test.each(["check", "test", "compile"])("2: %s of rules with mistakes", async (command) => {
    const out = join(folder, "never.tapiob");
    const more = command === "compile" ? ["-o", out] : [];
    const { code, err } = await tapioc([command, file("bad.tapio", bad), ...more]);
    expect(code).toBe(2);
    expect(err).toContain("error[TAP2002]: there is no event `kernel.oom_kil`");
    expect(err).toContain("bad.tapio:5:12");
    expect(existsSync(out)).toBe(false);
  });

  test("warnings alone do not fail", async () => {
    const where = "kernel.process_exit where e.signal != 9\n}";
    const path = file("warn.tapio", `module m\nrule r {\n  match e: ${where}\n`);
    const { code, err } = await tapioc(["check", path]);
    expect(code).toBe(0);
    expect(err).toContain("warning[TAP2101]");
    expect(err).toContain("1 warning");
  });

  test.each([
    [[]],
    [["nonsense"]],
    [["check"]],
    [["check", "--nonsense", "x.tapio"]],
    [["check", "--format", "xml", "x.tapio"]],
    [["compile", "x.tapio"]],
    [["check", "missing.tapio"]],
    [["fmt", "missing.tapio"]],
    [["explain", "TAP9999"]],
    [["explain", "--after", "nothing", "x.tapio"]],
  ])("3: wrong usage: %j", async (args) => {
    const { code, out, err } = await tapioc(args);
    expect(code).toBe(3);
    expect(`${out}${err}`).toMatch(/help|Usage/);
  });

  test("3: a rule that is not there", async () => {
    const args = ["explain", "--rule", "q", file("good.tapio", good)];
    expect(await tapioc(args)).toMatchObject({ code: 3, out: "" });
    expect((await tapioc(args)).err).toContain("there is no rule q");
  });
});

describe.concurrent("help", () => {
  test.each(["check", "compile", "test", "fmt", "explain"])("%s --help", async (command) => {
    const { code, out, err } = await tapioc([command, "--help"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`Usage: tapioc ${command}`);
    expect(out).not.toContain("undefined");
  });

  test("names every command and the exit codes", async () => {
    const { code, out } = await tapioc(["--help"]);
    expect(code).toBe(0);
    for (const word of ["check", "compile", "test", "fmt", "explain", "Exit codes"])
      expect(out).toContain(word);
    expect((await tapioc(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("explains a code in either case", async () => {
    const { code, out } = await tapioc(["explain", "tap2003"]);
    expect(code).toBe(0);
    expect(out).toContain("TAP2003: unknown-field (error)");
    expect(out).toContain("Avoid:");
  });

  test("explains several codes", async () => {
    const { code, out } = await tapioc(["explain", "TAP2003", "tap2005"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^TAP2003: [\s\S]*\nTAP2005: /);
  });

  test("knows the first and the last code", async () => {
    const { err } = await tapioc(["explain", "TAP9999"]);
    expect(err).toMatch(/codes go from TAP1001 to TAP7\d\d\d/);
  });

  test("shows the bounds of one rule", async () => {
    const two = file("two.tapio", `${good}rule other {\n  match e: kernel.process_exit\n}\n`);
    const { out } = await tapioc(["explain", "--bounds", "--rule", "other", two]);
    expect(out).toMatch(/^rule .*\nother /);
    expect(out).not.toMatch(/^(r|all rules) /m);
    const json = await tapioc(["explain", "--bounds", "--rule", "r", "--format", "json", two]);
    expect(JSON.parse(json.out)).toMatchObject({ certificate: { rules: [{ rule: "r" }] } });
    const none = await tapioc(["explain", "--bounds", "--rule", "q", two]);
    expect([none.code, none.err]).toEqual([3, expect.stringContaining("there is no rule q")]);
  });

  test("coverage names the rules without a test, unless some were selected", async () => {
    const two = file("untested.tapio", `${good}rule other {\n  match e: kernel.process_exit\n}\n`);
    const { out } = await tapioc(["test", "--coverage", two]);
    expect(out).toContain("no test is for `other`\n");
    const selected = await tapioc(["test", "--coverage", "--rule", "r", two]);
    expect(selected.out).not.toContain("no test is for");
  });

  test.each(["parse", "lower", "js", "kernel"])("explains rules after %s", async (stage) => {
    const { code, out } = await tapioc(["explain", "--after", stage, file("good.tapio", good)]);
    expect(code).toBe(0);
    expect(out.length).toBeGreaterThan(50);
  });
});

describe.concurrent("JSON", () => {
  test("diagnostics have places, help and fixes", async () => {
    const { code, out } = await tapioc(["check", "--format", "json", file("bad.tapio", bad)]);
    expect(code).toBe(2);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ version: 1, dropped: 0 });
    const [first] = report.diagnostics;
    const at = bad.indexOf("kernel.oom_kil\n");
    const place = { line: 5, column: 12, endLine: 5, endColumn: 26, start: at, end: at + 14 };
    expect(first).toMatchObject({
      code: "TAP2002",
      slug: "unknown-event",
      severity: "error",
      file: join(folder, "bad.tapio"),
      ...place,
      labels: [],
      notes: [],
      fixes: [{ kind: "safe", edits: [{ ...place, newText: "kernel.oom_kill" }] }],
    });
    expect(first.help).toBeTruthy();
  });

  test("no mistakes are an empty list", async () => {
    const { code, out } = await tapioc(["check", "--format", "json", file("good.tapio", good)]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ version: 1, diagnostics: [], dropped: 0 });
  });

  test("tests", async () => {
    const { code, out } = await tapioc([
      "test",
      "--format",
      "json",
      file("failing.tapio", failing),
    ]);
    expect(code).toBe(1);
    const [only] = JSON.parse(out).tests;
    expect(only).toMatchObject({ title: "one kill", rule: "r", ok: false });
    expect(only.failures[0].message).toContain("expected a finding");
  });
});

describe.concurrent("files", () => {
  test("a folder without rules", async () => {
    mkdirSync(join(folder, "empty/node_modules"), { recursive: true });
    file("empty/node_modules/x.tapio", good);
    file("empty/.hidden/x.tapio", good);
    file("empty/x.txt", good);
    const { code, err } = await tapioc(["check", "empty"]);
    expect(code).toBe(3);
    expect(err).toContain("no .tapio files in empty");
  });

  test("a file of 10 MB", async () => {
    const { code, err } = await tapioc(["check", file("large.tapio", "a ".repeat(5_000_000))]);
    expect(code).toBe(2);
    expect(err).toContain("TAP1011");
    expect(err.length).toBeLessThan(2000);
  });

  test("100,000 nested parentheses", async () => {
    const deep = `${"(".repeat(100_000)}true${")".repeat(100_000)}`;
    const path = file("deep.tapio", good.replace("oom_kill\n}", `oom_kill where ${deep}\n}`));
    const { code, err } = await tapioc(["check", path]);
    expect(code).toBe(2);
    expect(err).toContain("TAP1010");
    expect(err.length).toBeLessThan(3000);
  });

  test("the deepest expression that is allowed", async () => {
    const deep = `${"e.pid == 1 or ".repeat(990)}e.pid == 2`;
    const path = file("wide.tapio", good.replace("oom_kill\n}", `oom_kill where ${deep}\n}`));
    expect(await tapioc(["test", path])).toMatchObject({ code: 0 });
  });

  test("`let`s in `let`s in `let`s", async () => {
    const lets = Array.from({ length: 40 }, (_, i) =>
      i === 0
        ? "let f0(x: int) -> int = x + 1"
        : `let f${i}(x: int) -> int = ${Array(20)
            .fill(`f${i - 1}(x)`)
            .join(" + ")}`,
    );
    const { code, err } = await tapioc([
      "check",
      file("lets.tapio", `module m\n${lets.join("\n")}\n`),
    ]);
    expect(code).toBe(2);
    expect(err).toContain("TAP2018");
  });

  test.each([
    ["NUL bytes", good.replace("match", "ma\0tch"), "TAP1"],
    ["an unterminated string", good.replace('"one kill"', '"one kill'), "TAP1002"],
    ["an unclosed brace", good.replace("oom_kill\n}", "oom_kill\n"), "TAP1004"],
    ["escape sequences", good.replace("match", "\u001b[31mmatch"), "TAP1012"],
    ["nothing", "", "TAP1013"],
    ["a byte order mark", `\uFEFF${good}`, ""],
    ["bytes that are no UTF-8", Buffer.from([0xff, 0xfe, 0x6d]), "TAP1"],
    ["Windows line ends", good.replaceAll("\n", "\r\n"), ""],
  ])("%s", async (_name, text, code) => {
    const done = await tapioc(["check", file(`odd-${code}-${text.length}.tapio`, text)]);
    expect(done.code).toBe(code === "" ? 0 : 2);
    expect(done.err).toContain(code);
    expect(done.err).not.toMatch(/[\0\u001b]/);
  });

  test("a name that is an escape sequence is shown without it", async () => {
    const { err } = await tapioc(["check", "\u001b[31mx.tapio"]);
    expect(err).not.toContain("\u001b");
  });

  test("a folder where a file is wanted, and a file that looks like one", async () => {
    mkdirSync(join(folder, "folder.tapio"), { recursive: true });
    expect(await tapioc(["check", "folder.tapio"])).toMatchObject({ code: 3 });
    expect(await tapioc(["check", "good.tapio/x.tapio"])).toMatchObject({ code: 3 });
    const out = await tapioc(["compile", file("good.tapio", good), "-o", "good.tapio/x"]);
    expect(out).toMatchObject({ code: 3, out: "" });
    expect((await tapioc(["compile", file("good.tapio", good), "-o", "folder.tapio"])).code).toBe(
      3,
    );
  });

  test("a file that is named twice, in two ways, is read once", async () => {
    file("twice/a.tapio", good);
    const { code, err } = await tapioc(["check", "twice", "./twice/../twice/a.tapio"]);
    expect([code, err]).toEqual([0, "1 file, 1 rule, 1 test: no errors\n"]);
  });

  test("a bundle is no rules", async () => {
    const bundle = join(folder, "no-rules.tapiob");
    await tapioc(["compile", file("good.tapio", good), "-o", bundle]);
    const { code, err } = await tapioc(["check", bundle]);
    expect(code).toBe(3);
    expect(err).toContain("is a bundle, not rules\n  help: name the .tapio files");
  });

  test("equal sources give equal bytes wherever they lie", async () => {
    const bytes: Buffer[] = [];
    for (const place of ["one/deep/er", "two"]) {
      file(`${place}/a.tapio`, good);
      file(`${place}/sub/b.tapio`, good.replace("demo.rules", "demo.other"));
      const out = join(folder, place, "out.tapiob");
      expect(await tapioc(["compile", join(folder, place), "-o", out])).toMatchObject({ code: 0 });
      bytes.push(readFileSync(out));
    }
    expect(bytes[0]?.equals(bytes[1] ?? Buffer.of())).toBe(true);
    const again = join(folder, "two/again.tapiob");
    await tapioc(["compile", "sub/b.tapio", "a.tapio", "-o", again], { cwd: join(folder, "two") });
    expect(readFileSync(again).equals(bytes[1] ?? Buffer.of())).toBe(true);
  });
});

describe("rights", () => {
  const isPossible = process.getuid?.() !== 0 || spawnSync("setpriv", ["--version"]).status === 0;
  const reason = isPossible ? undefined : "root, and no setpriv to give up its rights";
  const it = test.skipIf(skipReason("tapioc without rights", reason));

  beforeAll(() => {
    mkdirSync(join(folder, "shut"), { recursive: true });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "shut"), 0o555);
    if (existsSync(program)) chmodSync(program, 0o644);
  });

  it("a file that cannot be read", async () => {
    const path = file("secret.tapio", good);
    chmodSync(path, 0);
    const { code, err } = await tapioc(["check", path], { isNobody: true });
    expect(code).toBe(3);
    expect(err).toContain("cannot read");
    expect(err).toContain("help:");
  });

  it("a folder that cannot be read", async () => {
    file("closed/x.tapio", good);
    chmodSync(join(folder, "closed"), 0);
    const { code, err } = await tapioc(["check", "closed"], { isNobody: true });
    chmodSync(join(folder, "closed"), 0o755);
    expect([code, err.includes("cannot read closed")]).toEqual([3, true]);
  });

  it("a place that cannot be written", async () => {
    const path = file("good.tapio", good);
    const out = join(folder, "shut/out.tapiob");
    const { code, err } = await tapioc(["compile", path, "-o", out], { isNobody: true });
    expect(code).toBe(3);
    expect(err).toContain(`cannot write ${out}`);
    expect(existsSync(out)).toBe(false);
  });

  it("a file that cannot be formatted in place stays as it is", async () => {
    const text = good.replace("  match", "match");
    const path = file("shut-file/x.tapio", text);
    chmodSync(join(folder, "shut-file"), 0o555);
    const { code } = await tapioc(["fmt", path], { isNobody: true });
    chmodSync(join(folder, "shut-file"), 0o755);
    expect([code, readFileSync(path, "utf8")]).toEqual([3, text]);
  });
});

describe.concurrent("fmt", () => {
  const loose = good.replace("  match", "match").replace("{\n    at", "{ at");

  test("writes the one style, and then leaves it", async () => {
    const path = file("style.tapio", loose);
    expect(await tapioc(["fmt", path])).toMatchObject({ code: 0, out: `formatted ${path}\n` });
    expect(readFileSync(path, "utf8")).toBe(good);
    expect(await tapioc(["fmt", path])).toMatchObject({ code: 0, out: "" });
    expect(await tapioc(["fmt", "--check", path])).toMatchObject({ code: 0, out: "" });
  });

  test("--check writes nothing", async () => {
    const path = file("unstyled.tapio", loose);
    const { code, out } = await tapioc(["fmt", "--check", path]);
    expect([code, out]).toEqual([1, `would format ${path}\n`]);
    expect(readFileSync(path, "utf8")).toBe(loose);
  });

  test("a file with mistakes stays as it is, and the others are done", async () => {
    const broken = file("mixed/a.tapio", loose.replace("{", ""));
    const fine = file("mixed/b.tapio", loose);
    const { code, err } = await tapioc(["fmt", "mixed"]);
    expect(code).toBe(2);
    expect(err).toContain("not formatted");
    expect(readFileSync(broken, "utf8")).toBe(loose.replace("{", ""));
    expect(readFileSync(fine, "utf8")).toBe(good);
  });

  test("standard input", async () => {
    expect(await tapioc(["fmt", "-"], { input: loose })).toMatchObject({ code: 0, out: good });
    const broken = loose.replace("{", "");
    expect(await tapioc(["fmt", "-"], { input: broken })).toMatchObject({ code: 2, out: broken });
    const checked = await tapioc(["fmt", "--check", "-"], { input: loose });
    expect(checked).toMatchObject({ code: 1, out: "would format <stdin>\n" });
    expect(await tapioc(["fmt", "--check", "-"], { input: good })).toMatchObject({
      code: 0,
      out: "",
    });
  });

  test("the rules of this repository are in style", async () => {
    expect(await tapioc(["fmt", "--check", join(root, "rules")])).toMatchObject({ code: 0 });
  });
});

test.each([
  `explain --after parse ${join(root, "rules")}`,
  `test ${join(root, "rules")}`,
  "--help",
])("a reader that stops early is no mistake: %s | head -1", async (args) => {
  const shell = `"${process.execPath}" "${program}" ${args} | head -1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", shell], { encoding: "utf8" });
  expect(stderr).not.toMatch(/EPIPE|Error|internal/);
  expect(stdout.trim().split("\n").at(-1)).toBe("0");
});

const isFullThere = existsSync("/dev/full") && statSync("/dev/full").isCharacterDevice();
test.skipIf(skipReason("output on a full disk", isFullThere ? undefined : "no /dev/full"))(
  "output that finds no room is told, with a code of its own",
  () => {
    const check = `"${process.execPath}" "${program}" explain TAP2003`;
    const run = (redirect: string) =>
      spawnSync("bash", ["-c", `${check} ${redirect}`], { encoding: "utf8" });
    const out = run("> /dev/full");
    expect([out.status, out.stderr]).toEqual([
      4,
      "tapioc: cannot write to standard output: no space left\n",
    ]);
    const err = run("TAP9999 2> /dev/full");
    expect([err.status, err.stdout]).toEqual([3, ""]);
  },
);
