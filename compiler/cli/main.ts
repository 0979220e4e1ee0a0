/** `tapioc`: checks, tests, formats and compiles rules. The only IO of the compiler. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Command, CommanderError, Option } from "commander";
import pc from "picocolors";
import {
  bundleBody,
  type CompileResult,
  compile,
  countLine,
  encodeBundle,
  jsonReport,
  PrettyReporter,
  visible,
} from "#compiler";
import { bundleHash, exitCodes, fileProblem, UsageError } from "#core";
import { type Diagnostic, format } from "#grammar";
import { stdFiles } from "../../grammar/std.gen.ts";
import { explainCode, explainRules, stages } from "./explain.ts";
import { type InputFile, readInputs } from "./inputs.ts";
import { runTests } from "./run-tests.ts";

declare const __TAPIO_VERSION__: string;
const version = __TAPIO_VERSION__;

type ReportFormat = "pretty" | "json";
const formatOption = () =>
  new Option("--format <format>", "how diagnostics are written")
    .choices(["pretty", "json"])
    .default("pretty");

function program(): Command {
  const cli = new Command("tapioc")
    .description("Checks, tests, formats and compiles tapio correlation rules.")
    .version(version)
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError("(run with --help for usage)");
  cli
    .command("check")
    .description("report every mistake in rules and tests")
    .argument("<paths...>", ".tapio files, or folders of them")
    .addOption(formatOption())
    .action((paths: string[], o: { format: ReportFormat }) =>
      finish(checkCommand(paths, o.format)),
    );
  cli
    .command("compile")
    .description("compile rules into a bundle that `tapio run` takes")
    .argument("<paths...>", ".tapio files, or folders of them")
    .requiredOption("-o, --out <file>", "the bundle to write")
    .addOption(formatOption())
    .action((paths: string[], o: { out: string; format: ReportFormat }) =>
      finish(compileCommand(paths, o.out, o.format)),
    );
  cli
    .command("test")
    .description("run the test blocks of rules, in the interpreter and the engine")
    .argument("<paths...>", ".tapio files, or folders of them")
    .addOption(formatOption())
    .action((paths: string[], o: { format: ReportFormat }) => finish(testCommand(paths, o.format)));
  cli
    .command("fmt")
    .description("format rules in the one style there is")
    .argument("<paths...>", ".tapio files, or folders of them; `-` reads standard input")
    .option("--check", "write nothing; exit with 1 when a file would change")
    .action((paths: string[], o: { check?: boolean }) =>
      finish(fmtCommand(paths, o.check === true)),
    );
  cli
    .command("explain")
    .description("explain a code such as TAP2003, or show what rules become")
    .argument("<what...>", "a code, or .tapio files and folders")
    .addOption(
      new Option("--after <stage>", "the stage to print").choices(stages).default("kernel"),
    )
    .option("--rule <name>", "only this rule")
    .action((what: string[], o: { after: string; rule?: string }) =>
      finish(explainCommand(what, o.after, o.rule)),
    );
  cli.addHelpText(
    "after",
    `
Exit codes: 0 ok, 1 failed tests or unformatted files, 2 rules do not compile, 3 wrong usage,
4 the environment lacks something, 70 internal error.`,
  );
  return cli;
}

function finish(code: number): void {
  process.exitCode = code;
}

function compileInputs(inputs: readonly InputFile[]): CompileResult {
  return compile(inputs, { std: stdFiles, version });
}

function textOf(inputs: readonly InputFile[]): (file: string) => string | undefined {
  const texts = new Map([...stdFiles, ...inputs].map((f) => [f.file, f.text]));
  return (file) => texts.get(file);
}

function report(inputs: readonly InputFile[], result: CompileResult, how: ReportFormat): void {
  const { diagnostics, droppedDiagnostics } = result;
  if (how === "json") {
    process.stdout.write(jsonReport(diagnostics, droppedDiagnostics, textOf(inputs)));
    return;
  }
  printPretty(inputs, diagnostics);
  const counts = countLine(diagnostics, droppedDiagnostics);
  if (counts !== "") process.stderr.write(`${counts}\n`);
}

function printPretty(inputs: readonly InputFile[], diagnostics: readonly Diagnostic[]): void {
  const reporter = new PrettyReporter(
    textOf(inputs),
    pc.createColors(process.stderr.isTTY === true && pc.isColorSupported),
  );
  for (const d of diagnostics) process.stderr.write(`${reporter.render(d)}\n`);
}

function checkCommand(paths: readonly string[], how: ReportFormat): number {
  const inputs = readInputs(paths);
  const result = compileInputs(inputs);
  report(inputs, result, how);
  if (result.hasErrors) return exitCodes.rules;
  if (how === "pretty") {
    process.stderr.write(
      `${counted(inputs.length, "file")}, ${counted(result.rules.length, "rule")}, ${counted(result.tests.length, "test")}: no errors\n`,
    );
  }
  return exitCodes.ok;
}

function compileCommand(paths: readonly string[], out: string, how: ReportFormat): number {
  const inputs = readInputs(paths);
  const result = compileInputs(inputs);
  report(inputs, result, how);
  if (result.hasErrors) {
    process.stderr.write("no bundle was written\n");
    return exitCodes.rules;
  }
  const body = bundleBody(
    result,
    inputs.map((f) => ({ file: f.name, text: f.text })),
    version,
  );
  const bytes = encodeBundle(body);
  writeWhole(out, bytes);
  process.stderr.write(
    `${out}: ${counted(result.rules.length, "rule")}, ${bytes.length} bytes, ${bundleHash(body)}\n`,
  );
  return exitCodes.ok;
}

/** `1 rule`, `2 rules`. */
function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** All or nothing: a reader never sees half a file. */
function writeWhole(path: string, bytes: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  let isStarted = false;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, bytes);
    isStarted = true;
    renameSync(temporary, path);
  } catch (error) {
    if (isStarted) rmSync(temporary, { force: true });
    throw new UsageError(
      `cannot write ${path}: ${fileProblem(error)}`,
      "choose another place with --out",
    );
  }
}

function testCommand(paths: readonly string[], how: ReportFormat): number {
  const inputs = readInputs(paths);
  const result = compileInputs(inputs);
  if (result.hasErrors) {
    report(inputs, result, how);
    return exitCodes.rules;
  }
  const outcomes = runTests(result);
  const failed = outcomes.filter((o) => o.failures.length > 0);
  if (how === "json")
    process.stdout.write(
      `${JSON.stringify({ version: 1, tests: outcomes.map(testJson) }, null, 2)}\n`,
    );
  else printOutcomes(inputs, outcomes);
  return failed.length > 0 ? exitCodes.findings : exitCodes.ok;
}

type Outcome = ReturnType<typeof runTests>[number];

function testJson(o: Outcome) {
  return {
    title: o.test.title,
    rule: o.test.rule,
    file: o.test.at.file,
    ok: o.failures.length === 0,
    failures: o.failures,
  };
}

function printOutcomes(inputs: readonly InputFile[], outcomes: readonly Outcome[]): void {
  const paint = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
  const reporter = new PrettyReporter(textOf(inputs), paint);
  for (const { test, failures } of outcomes) {
    const mark = failures.length === 0 ? paint.green("ok  ") : paint.red("FAIL");
    process.stdout.write(`${mark} ${test.rule}: ${test.title}\n`);
    for (const f of failures) {
      const shown = { severity: "error", ...f, labels: [], notes: [], fixes: [] } as const;
      process.stdout.write(reporter.show("failed", shown));
    }
  }
  const failed = outcomes.filter((o) => o.failures.length > 0).length;
  process.stdout.write(`${outcomes.length - failed} passed, ${failed} failed\n`);
}

function fmtCommand(paths: readonly string[], isCheck: boolean): number {
  if (paths.length === 1 && paths[0] === "-") {
    const text = readFileSync(0, "utf8");
    const done = format(text, "<stdin>");
    const input: InputFile = { file: "<stdin>", name: "<stdin>", text };
    printPretty([input], done.diagnostics);
    process.stdout.write(done.text);
    return done.diagnostics.some((d) => d.severity === "error") ? exitCodes.rules : exitCodes.ok;
  }
  const inputs = readInputs(paths);
  let code: number = exitCodes.ok;
  for (const input of inputs) {
    const done = format(input.text, input.file);
    if (done.diagnostics.some((d) => d.severity === "error")) {
      printPretty([input], done.diagnostics);
      process.stderr.write(`${input.file}: not formatted, because it has syntax errors\n`);
      code = exitCodes.rules;
    } else if (done.text !== input.text) {
      if (!isCheck) writeWhole(input.file, done.text);
      process.stdout.write(`${isCheck ? "would format" : "formatted"} ${input.file}\n`);
      if (isCheck && code === exitCodes.ok) code = exitCodes.findings;
    }
  }
  return code;
}

function explainCommand(what: readonly string[], after: string, rule: string | undefined): number {
  const [first] = what;
  if (what.length === 1 && first && /^TAP\d{4}$/i.test(first)) {
    process.stdout.write(explainCode(first.toUpperCase()));
    return exitCodes.ok;
  }
  const inputs = readInputs(what);
  const result = compileInputs(inputs);
  if (result.hasErrors) report(inputs, result, "pretty");
  process.stdout.write(explainRules(result, after, rule));
  return result.hasErrors ? exitCodes.rules : exitCodes.ok;
}

/** Runs the command line; every failure ends in a message and a documented exit code. */
export function main(argv: readonly string[]): void {
  const cli = program();
  cli.exitOverride();
  for (const command of cli.commands) command.exitOverride();
  try {
    cli.parse(argv);
  } catch (error) {
    process.exitCode = failed(error);
  }
}

function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof UsageError) {
    process.stderr.write(`tapioc: ${visible(error.message)}\n  help: ${visible(error.help)}\n`);
    return exitCodes.usage;
  }
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `tapioc: internal error: ${visible(reason)}\n  help: this is a bug; please report it with the rules that caused it\n`,
  );
  if (process.env.TAPIO_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodes.internal;
}

// A reader that stops early (`tapioc … | head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
});

main(process.argv);
