/**
 * Documents against the product: every program in them compiles and its tests pass, every link,
 * command, code and variable they name exists.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile, PrettyReporter, plain } from "#compiler";
import { builtins, exitCodes, stepsOf, truth } from "#core";
import { catalog } from "#grammar";
import { runTests } from "../compiler/cli/test/run.ts";
import { stdFiles } from "../grammar/std.gen.ts";
import { isCode, isGenerated, readTree } from "./tidy/tree.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const tree = readTree(root);
const documents = tree.filter((f) => f.path.endsWith(".md") && !isGenerated(f));
const textOf = (path: string) => documents.find((f) => f.path === path)?.text ?? "";

interface Program {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

function programsOf(path: string, text: string): Program[] {
  return [...text.matchAll(/^```tapio\n(.*?)^```$/gms)].map((m) => ({
    path,
    line: text.slice(0, m.index).split("\n").length + 1,
    text: m[1] ?? "",
  }));
}

const programs = documents.flatMap((f) => programsOf(f.path, f.text));

describe("programs in documents", () => {
  test("are found", () => {
    const paths = new Set(programs.map((p) => p.path));
    expect([...paths].sort()).toEqual(expect.arrayContaining(["README.md"]));
    expect(programs.filter((p) => p.path === "grammar/reference/tour.md").length).toBeGreaterThan(
      8,
    );
  });

  for (const { path, line, text } of programs) {
    test(`${path}:${line}`, () => {
      const result = compile([{ file: path, text }], { std: stdFiles, version: "test" });
      const reporter = new PrettyReporter(() => text, plain);
      const messages = result.diagnostics.map((d) => reporter.render(d)).join("\n");
      expect(messages, `${path}:${line}\n${messages}`).toBe("");
      const failures = runTests(result).flatMap((o) =>
        o.failures.map((f) => `${o.test.title}: ${f.message}`),
      );
      expect(failures).toEqual([]);
    });
  }

  test("a program with a mistake is noticed", () => {
    const [only] = programsOf("a.md", "text\n\n```tapio\nmodule a\nrule r {}\n```\n");
    expect(only?.line).toBe(4);
    const result = compile([{ file: "a.md", text: only?.text ?? "" }], {
      std: stdFiles,
      version: "test",
    });
    expect(result.diagnostics.map((d) => d.code)).toEqual(["TAP2020"]);
  });
});

describe("examples of builtin functions", () => {
  for (const { name, examples } of builtins) {
    test.each(examples)(`${name}: %s`, (example) => {
      const text = `module a\nrule r { match e: kernel.oom_kill where ${example} }\n`;
      const { diagnostics, unit } = compile([{ file: "a", text }], {
        std: stdFiles,
        version: "test",
      });
      expect(diagnostics).toEqual([]);
      const [condition] = unit.rules.flatMap((r) => stepsOf(r.pattern)).map((s) => s.where);
      const env = { unit, params: new Map(), current: undefined, captures: [] };
      expect(condition && truth(condition, env)).toBe(true);
    });
  }
});

describe("what documents name exists", () => {
  test("files behind links", () => {
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)/g)]
        .map((m) => m[1] ?? "")
        .filter((link) => !existsSync(join(root, dirname(path), link)))
        .map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  test("paths of the tree", () => {
    const folders = "grammar|compiler|runtime|native|bpf|rules|test|bench";
    const named = new RegExp(`\`((?:${folders})/[\\w./-]+)\``, "g");
    const gone = documents.flatMap(({ path, text }) =>
      [...text.matchAll(named)]
        .map((m) => m[1] ?? "")
        .filter((name) => !existsSync(join(root, name)))
        .map((name) => `${path}: ${name}`),
    );
    expect(gone).toEqual([]);
  });

  test("scripts of npm", () => {
    const manifest = tree.find((f) => f.path === "package.json")?.text ?? "{}";
    const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
    const unknown = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/npm run (\w+)/g)]
        .map((m) => m[1] ?? "")
        .filter((name) => !Object.hasOwn(scripts, name))
        .map((name) => `${path}: npm run ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test("codes of diagnostics", () => {
    const unknown = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/TAP\d{4}/g)]
        .map((m) => m[0])
        .filter((code) => !Object.hasOwn(catalog, code))
        .map((code) => `${path}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  test("variables of the environment, all of them and no others", () => {
    const own = /^test\/docs\.test\.ts$/;
    const inCode = tree.filter((f) => isCode(f.path) && !own.test(f.path));
    const read = /(?:process\.)?env\.(TAPIO_\w+)|\benv\["(TAPIO_\w+)"\]/g;
    const used = new Set(inCode.flatMap((f) => [...f.text.matchAll(read)].map((m) => m[1])));
    const guide = textOf("CONTRIBUTING.md");
    const named = new Set([...guide.matchAll(/`(TAPIO_\w+)`/g)].map((m) => m[1]));
    expect([...named].sort()).toEqual([...used].sort());
  });

  test("commands, options and exit codes", () => {
    const readme = textOf("README.md");
    for (const program of ["compiler/cli/main.ts", "runtime/cli/main.ts"]) {
      const source = tree.find((f) => f.path === program)?.text ?? "";
      const commands = [...source.matchAll(/\.command\("(\w+)/g)].map((m) => m[1] ?? "");
      expect(commands.length).toBeGreaterThan(3);
      const name = program.startsWith("compiler") ? "tapioc" : "tapio";
      for (const command of commands) expect(readme).toContain(`${name} ${command}`);
      for (const [, short, long] of source.matchAll(/ption\("(?:(-\w), )?(--[\w-]+)/g))
        expect(readme).toMatch(new RegExp(`[ \`](${short ?? long}|${long})[ \`]`));
    }
    for (const code of Object.values(exitCodes)) expect(readme).toContain(`| ${code} |`);
  });

  test("the version the change log is about", () => {
    const manifest = tree.find((f) => f.path === "package.json")?.text ?? "{}";
    const { version } = JSON.parse(manifest) as { version: string };
    expect(textOf("CHANGELOG.md")).toContain(`## ${version}`);
  });
});
