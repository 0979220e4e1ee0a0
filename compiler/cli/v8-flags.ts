/**
 * How V8 should treat a program that compiles rules once and ends. Imported before anything else,
 * so that it holds for all code.
 *
 * V8 optimises a function after it ran 132 KiB of bytecode. In a run of a second most functions get
 * there late and the optimised code never earns what making it cost: for a thousand rules
 * (`npm run bench compile`) the default takes 2.2 s of CPU on all threads, this budget 1.3 s. Hot
 * loops of longer runs, such as `tapioc test --mutate`, are still optimised, a little later.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--interrupt-budget=600000");
