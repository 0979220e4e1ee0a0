/** `tapio`: runs bundles on a node. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { exitCodes, UsageError } from "#core";
import { parseUnits } from "#runtime/sources/replay";
import { type DemoOptions, demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { BundleError } from "./load.ts";
import { outputFailed } from "./output.ts";
import { type ReplayCommandOptions, replayCommand } from "./replay.ts";
import { type RunOptions, runCommand } from "./run.ts";
import { type WhyNotOptions, whyNotCommand } from "./why-not.ts";

declare const __TAPIO_VERSION__: string;

const outputOption = () =>
  new Option("--format <format>", "how findings are written")
    .choices(["pretty", "ndjson"])
    .default("pretty");
const paramOption = () =>
  new Option("--param <name=value>", "set a parameter of the rules (repeatable)")
    .argParser((text: string, all: string[]) => [...all, text])
    .default([], "none");

function program(): Command {
  const cli = new Command("tapio")
    .description("Runs compiled correlation rules on this node.")
    .version(__TAPIO_VERSION__)
    .showHelpAfterError("(run with --help for usage)");
  cli
    .command("run")
    .description("run a bundle on this machine's live events")
    .addHelpText(
      "after",
      "\nSIGHUP reads the bundle again and goes on with it; SIGUSR2 says the counters.",
    )
    .argument("<bundle>", "a file made by `tapioc compile`")
    .addOption(outputOption())
    .addOption(paramOption())
    .option("--journal <folder>", "read this journal folder instead of the system's")
    .option(
      "--state <folder>",
      "keep state between runs here: what is half matched, and where the journal was read to",
    )
    .addOption(
      new Option("--state-every <duration>", "how often it is saved while it runs")
        .argParser(duration)
        .default(30_000_000, "30s"),
    )
    .option(
      "--recent <n>",
      "events kept in memory for `tapio why-not` without a recording; 0 keeps none",
      wholeNumberOrNone,
      20_000,
    )
    .option("--record <file>", "keep the events rules may be about, for `tapio replay`")
    .option("--max-findings <n>", "stop after so many findings", wholeNumber)
    .option("--for <duration>", "stop after this time, such as 30s", duration)
    .action(async (bundle: string, o: RunOptions) => finish(await runCommand(bundle, o)));
  cli
    .command("replay")
    .description("run a bundle on a recording")
    .argument("<recording>", "an .ndjson file; `-` reads standard input")
    .requiredOption("--bundle <file>", "a file made by `tapioc compile`")
    .addOption(outputOption())
    .addOption(paramOption())
    .action(async (path: string, o: ReplayCommandOptions) => finish(await replayCommand(path, o)));
  addWhyNot(cli);
  cli
    .command("demo")
    .description("make a real OOM kill and find it; a recorded one where that is impossible")
    .requiredOption("--bundle <file>", "a bundle with the shipped rules")
    .option("--recorded", "use the recorded incident in any case")
    .option("--journal <folder>", "read this journal folder instead of the system's")
    .action(async (o: DemoOptions) => finish(await demoCommand(o)));
  cli
    .command("doctor")
    .description("say what this machine can do and what is missing")
    .addOption(
      new Option("--format <format>", "how it is written")
        .choices(["pretty", "json"])
        .default("pretty"),
    )
    .action(async (o: { format: "pretty" | "json" }) => finish(await doctorCommand(o.format)));
  cli.addHelpText(
    "after",
    `
Exit codes: 0 ok, 1 findings were made, 2 the bundle is refused, 3 wrong usage, 4 the environment lacks
something, 70 internal error.`,
  );
  return cli;
}

function addWhyNot(cli: Command): void {
  cli
    .command("why-not")
    .description("say why a rule did not fire, or that it did")
    .argument("<rule>", "its plain or full name")
    .argument(
      "[recordings...]",
      "`.ndjson` files, read one behind the other; `-` is standard input; none: asks the running node",
    )
    .option("--bundle <file>", "a file made by `tapioc compile`; by default the running node's")
    .option("--state <folder>", "the --state folder of the node that is asked")
    .addOption(
      new Option("--key <name=value>", "whose: a part of the rule's key (repeatable)")
        .argParser((text: string, all: string[]) => [...all, text])
        .default([], "any"),
    )
    .option("--at <time>", "around when, as findings print it; else the whole recording")
    .addOption(
      new Option("--format <format>", "how it is written")
        .choices(["pretty", "json"])
        .default("pretty"),
    )
    .addOption(paramOption())
    .action(async (rule: string, paths: string[], o: WhyNotOptions) =>
      finish(await whyNotCommand(rule, paths, o)),
    );
}

function wholeNumber(text: string): number {
  return wholeNumberFrom(1, text);
}

function wholeNumberOrNone(text: string): number {
  return wholeNumberFrom(0, text);
}

function wholeNumberFrom(least: number, text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < least)
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  return n;
}

/** What a timer of Node can wait, in whole days, µs. */
const durationMax = 24 * 86_400_000_000;

function duration(text: string): number {
  const us = parseUnits("duration", text);
  if (us === undefined) throw new InvalidArgumentError("It must be a duration such as 30s.");
  if (us > durationMax) throw new InvalidArgumentError("It must be 24d at most.");
  return us;
}

function finish(code: number): void {
  process.exitCode = code;
}

function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof UsageError) {
    process.stderr.write(`tapio: ${error.message}\n  help: ${error.help}\n`);
    return error instanceof BundleError ? error.exitCode : exitCodes.usage;
  }
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `tapio: internal error: ${reason}\n  help: this is a bug; please report it\n`,
  );
  if (process.env.TAPIO_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodes.internal;
}

process.stdout.on("error", outputFailed);
// There is nobody left to tell; findings and the exit code still say how it goes.
process.stderr.on("error", () => undefined);

const cli = program();
cli.exitOverride();
for (const command of cli.commands) command.exitOverride();
try {
  await cli.parseAsync(process.argv);
} catch (error) {
  process.exitCode = failed(error);
}
