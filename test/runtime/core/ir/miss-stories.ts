/**
 * All that a near miss says, in one line:
 *
 *     @30 expired p=a1,a2 waiting q by 2; q:b1 +2 (x == 1) fits behind c1
 *
 * When and why, what each step had, what it waited for and by how much that missed; with `left`
 * how many more were needed, with `held` and `by` what it had and what ended it. Then candidates:
 * the step, the event, how much too late (`+`) or too early (`-`) it was, the tests in its way,
 * what else it is good for, and what lies between.
 */
import { type Candidate, type NearMiss, type Proof, printExpr } from "#core";
import { epochUs, type Setting, type Told, tell } from "./by-hand.ts";

type Names = Told["names"];

/** Near misses, closest first. */
export function stories(rules: string, lines: readonly string[], setting: Setting = {}): string[] {
  const { judgement, names } = tell(rules, lines, setting);
  return judgement.nearMisses.map((m) => [headOf(m, names), ...candidates(m, names)].join("; "));
}

function headOf(miss: NearMiss, names: Names): string {
  const { at, cause, reached, captures, missing, overshoot, lacking, having, by } = miss;
  const had = captures.map((c) => (c ? c.kept.map((e) => names.get(e.id)).join(",") : "-"));
  return [
    `@${(at - epochUs) / 1e6} ${cause} ${reached} [${had.join(" ")}] waiting ${missing}`,
    ...(overshoot === undefined ? [] : [`by ${overshoot / 1e6}`]),
    ...(lacking === undefined ? [] : [`left ${lacking}`]),
    ...(having ? [`held${flips(having)}`] : []),
    ...(by ? [`by ${by.step}:${names.get(by.event.id)}${flips(by.proof)}`] : []),
  ].join(" ");
}

function candidates(miss: NearMiss, names: Names): string[] {
  return miss.candidates.map((c) => {
    const between = c.between ? ` behind ${names.get(c.between.id)}` : "";
    return `${c.step}:${names.get(c.event.id)}${outside(c)}${flips(c.proof)}${use(c)}${between}`;
  });
}

function outside({ overshoot, isEarly }: Candidate): string {
  if (overshoot === 0) return isEarly ? " -0" : "";
  return ` ${isEarly ? "-" : "+"}${overshoot / 1e6}`;
}

function use(c: Candidate): string {
  return c.use === undefined ? "" : ` ${c.use}`;
}

/** The tests in the way. */
function flips(proof: Proof): string {
  return proof.flips.map((a) => ` ${printExpr(a.expr).replaceAll("current.", "")}`).join("");
}
