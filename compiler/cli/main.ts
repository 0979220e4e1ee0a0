/** `tapioc`: checks, tests, formats and compiles rules. The only IO of the compiler. */
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import pc from "picocolors";
import {
  bundleBody,
  type CompileResult,
  compile,
  countLine,
  defaultBudget,
  encodeBundle,
  jsonReport,
  PrettyReporter,
  visible,
} from "#compiler";
import { exitCodes, fileProblem, hashInHead, UsageError } from "#core";
import { type Diagnostic, format } from "#grammar";
import { stdFiles } from "../../grammar/std.gen.ts";
import { boundsJson, boundsTable, certificateOf } from "./bounds-report.ts";
import { diffJson, diffText, isUnchanged, planBetween, RulesError } from "./diff.ts";
import { explainCode, explainRules, rulesOf, stages } from "./explain.ts";
import { type InputFile, readBeside, readInputs } from "./inputs.ts";
import { sha256 } from "./sha256.ts";
import { parseSize } from "./size.ts";
import { jsonTestReport, textReport } from "./test/report.ts";
import { defaultPermutations } from "./test/run.ts";
import { runSuite } from "./test/suite.ts";
import { writeWhole } from "./write-whole.ts";

declare const __TAPIO_VERSION__: string;
const version = __TAPIO_VERSION__;

type ReportFormat = "pretty" | "json";
const formatOption = () =>
  new Option("--format <format>", "how diagnostics are written")
    .choices(["pretty", "json"])
    .default("pretty");

/** Adds what every command that compiles can be told. */
function withCompileOptions(command: Command): Command {
  return command
    .addOption(formatOption())
    .option("--strict", "an optional value under a negation is an error")
    .addOption(
      new Option("--budget-rule <size>", "state a rule may take, 64MiB unless said").argParser(
        parseSize,
      ),
    )
    .addOption(
      new Option(
        "--budget-bundle <size>",
        "state all rules may take, 256MiB unless said",
      ).argParser(parseSize),
    )
    .addOption(
      new Option(
        "--budget-cost <n>",
        "transitions per event of a rule, 4096 unless said",
      ).argParser(wholeNumber),
    );
}

/** Adds what selects tests and what is measured on the way. */
function withTestOptions(command: Command): Command {
  return command
    .option("--rule <name>", "only tests of this rule")
    .option("--filter <text>", "only tests whose title contains this")
    .addOption(
      new Option("--permutations <n>", "other orders of arrival to try for each test")
        .argParser(wholeNumber)
        .default(defaultPermutations),
    )
    .option("--coverage", "say which steps and conditions the tests never exercised")
    .option("--mutate", "say which small mistakes in the rules the tests would not notice");
}

/** What every command that compiles can be told. */
interface CompileFlags {
  readonly format: ReportFormat;
  readonly strict?: boolean;
  readonly budgetRule?: number;
  readonly budgetBundle?: number;
  readonly budgetCost?: number;
}

interface ExplainFlags extends CompileFlags {
  readonly after: string;
  readonly rule?: string;
  readonly bounds?: boolean;
}

interface TestFlags extends CompileFlags {
  readonly rule?: string;
  readonly filter?: string;
  readonly permutations: number;
  readonly coverage?: boolean;
  readonly mutate?: boolean;
}

const wholeMax = 1_000_000;

function wholeNumber(text: string): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && n <= wholeMax) return n;
  throw new UsageError(`\`${text}\` is not a whole number`, `write a number from 0 to ${wholeMax}`);
}

function program(): Command {
  const cli = new Command("tapioc")
    .description("Checks, tests, formats and compiles tapio correlation rules.")
    .version(version)
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError("(run with --help for usage)");
  withCompileOptions(cli.command("check"))
    .description("report every mistake in rules and tests")
    .argument("<paths...>", ".tapio files, or folders of them")
    .action((paths: string[], o: CompileFlags) => finish(checkCommand(paths, o)));
  withCompileOptions(cli.command("compile"))
    .description("compile rules into a bundle that `tapio run` takes")
    .argument("<paths...>", ".tapio files, or folders of them")
    .requiredOption("-o, --out <file>", "the bundle to write")
    .action((paths: string[], o: CompileFlags & { out: string }) =>
      finish(compileCommand(paths, o.out, o)),
    );
  withTestOptions(withCompileOptions(cli.command("test")))
    .description("run the test blocks of rules, in the interpreter and the engine")
    .argument("<paths...>", ".tapio files, or folders of them")
    .action((paths: string[], o: TestFlags) => finish(testCommand(paths, o)));
  cli
    .command("fmt")
    .description("format rules in the one style there is")
    .argument("<paths...>", ".tapio files, or folders of them; `-` reads standard input")
    .option("--check", "write nothing; exit with 1 when a file would change")
    .action((paths: string[], o: { check?: boolean }) =>
      finish(fmtCommand(paths, o.check === true)),
    );
  withCompileOptions(cli.command("explain"))
    .description("explain codes such as TAP2003, or show what rules become")
    .argument("<what...>", "codes, or .tapio files and folders")
    .addOption(
      new Option("--after <stage>", "the stage to print").choices(stages).default("kernel"),
    )
    .option("--rule <name>", "only this rule")
    .option("--bounds", "show the state and work each rule can take at most")
    .action((what: string[], o: ExplainFlags) => finish(explainCommand(what, o)));
  cli
    .command("diff")
    .description("say what becomes of each rule, and of what it has begun, when NEW replaces OLD")
    .argument("<old>", "a bundle, a .tapio file or a folder of them")
    .argument("<new>", "a bundle, a .tapio file or a folder of them")
    .addOption(formatOption())
    .action((before: string, after: string, o: { format: ReportFormat }) =>
      finish(diffCommand(before, after, o.format)),
    );
  cli.addHelpText(
    "after",
    `
Exit codes: 0 ok, 1 failed tests, unformatted files or a difference, 2 rules do not compile, 3 wrong usage,
4 the environment lacks something, 70 internal error.`,
  );
  return cli;
}

function finish(code: number): void {
  process.exitCode = code;
}

function compileInputs(inputs: readonly InputFile[], o: CompileFlags): CompileResult {
  const budget = {
    ruleBytes: o.budgetRule ?? defaultBudget.ruleBytes,
    bundleBytes: o.budgetBundle ?? defaultBudget.bundleBytes,
    ruleCost: o.budgetCost ?? defaultBudget.ruleCost,
  };
  const isStrict = o.strict === true;
  return compile(inputs, { std: stdFiles, version, isStrict, budget, readFile: readBeside });
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

function checkCommand(paths: readonly string[], o: CompileFlags): number {
  const inputs = readInputs(paths);
  const result = compileInputs(inputs, o);
  report(inputs, result, o.format);
  if (result.hasErrors) return exitCodes.rules;
  if (o.format === "pretty") {
    process.stderr.write(
      `${counted(inputs.length, "file")}, ${counted(result.rules.length, "rule")}, ${counted(result.tests.length, "test")}: no errors\n`,
    );
  }
  return exitCodes.ok;
}

function compileCommand(paths: readonly string[], out: string, o: CompileFlags): number {
  const inputs = readInputs(paths);
  const result = compileInputs(inputs, o);
  report(inputs, result, o.format);
  if (result.hasErrors) {
    process.stderr.write("no bundle was written\n");
    return exitCodes.rules;
  }
  const body = bundleBody(
    result,
    inputs.map((f) => ({ file: f.name, text: f.text })),
    version,
  );
  const bytes = encodeBundle(body, sha256);
  writeWhole(out, bytes);
  process.stderr.write(
    `${out}: ${counted(result.rules.length, "rule")}, ${bytes.length} bytes, ${hashInHead(bytes)}\n`,
  );
  return exitCodes.ok;
}

/** `1 rule`, `2 rules`. */
function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function testCommand(paths: readonly string[], o: TestFlags): number {
  const inputs = readInputs(paths);
  const result = compileInputs(inputs, o);
  if (result.hasErrors) {
    report(inputs, result, o.format);
    return exitCodes.rules;
  }
  const tested = runSuite(result, {
    rule: o.rule,
    filter: o.filter,
    permutations: o.permutations,
    measuresCoverage: o.coverage === true,
    mutates: o.mutate === true,
  });
  const paint = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
  const textReportOf = o.format === "json" ? jsonTestReport : textReport;
  process.stdout.write(textReportOf(tested, textOf(inputs), paint));
  const hasFailed = tested.outcomes.some((t) => t.failures.length > 0);
  return hasFailed ? exitCodes.findings : exitCodes.ok;
}

function fmtCommand(paths: readonly string[], isCheck: boolean): number {
  if (paths.length === 1 && paths[0] === "-") return fmtInput(isCheck);
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

/** Standard input to standard output. */
function fmtInput(isCheck: boolean): number {
  const text = readFileSync(0, "utf8");
  const done = format(text, "<stdin>");
  const input: InputFile = { file: "<stdin>", name: "<stdin>", text };
  printPretty([input], done.diagnostics);
  if (!isCheck) process.stdout.write(done.text);
  if (done.diagnostics.some((d) => d.severity === "error")) return exitCodes.rules;
  if (!isCheck || done.text === text) return exitCodes.ok;
  process.stdout.write("would format <stdin>\n");
  return exitCodes.findings;
}

function explainCommand(what: readonly string[], o: ExplainFlags): number {
  if (what.every((w) => /^TAP\d{4}$/i.test(w))) {
    process.stdout.write(what.map((code) => explainCode(code.toUpperCase())).join("\n"));
    return exitCodes.ok;
  }
  const inputs = readInputs(what);
  const result = compileInputs(inputs, o);
  if (result.hasErrors) report(inputs, result, "pretty");
  process.stdout.write(explained(result, o));
  return result.hasErrors ? exitCodes.rules : exitCodes.ok;
}

function diffCommand(before: string, after: string, how: ReportFormat): number {
  const plan = planBetween(before, after, (path) => {
    const inputs = readInputs([path]);
    const result = compileInputs(inputs, { format: "pretty" });
    if (!result.hasErrors) return result.unit;
    report(inputs, result, "pretty");
    throw new RulesError(`the rules in ${path} do not compile`, "mend the mistakes shown above");
  });
  process.stdout.write(how === "json" ? diffJson(plan) : diffText(plan));
  return isUnchanged(plan) ? exitCodes.ok : exitCodes.findings;
}

function explained(result: CompileResult, o: ExplainFlags): string {
  if (o.bounds !== true) return explainRules(result, o.after, o.rule);
  const certificate = certificateOf(result, rulesOf(result, o.rule));
  return o.format === "json" ? boundsJson(certificate) : boundsTable(certificate);
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
    return error instanceof RulesError ? exitCodes.rules : exitCodes.usage;
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
  process.stderr.write(`tapioc: cannot write to standard output: ${fileProblem(error)}\n`);
  process.exit(exitCodes.environment);
});
// There is nobody left to tell; the exit code still says how it went.
process.stderr.on("error", () => undefined);

main(process.argv);
