/** What is closer to a match (LANGUAGE C.11): of near misses, and of the candidates of one. */
import { expect, test } from "vitest";
import { type Atom, type Candidate, closest, type NearMiss, type Proof } from "#core";
import {
  compareCandidates,
  overshootOf,
} from "../../../../runtime/core/ir/interpret/candidates.ts";

/** A proof in which so many tests are in the way, of those that are made. */
function proof(failing: number, tests = failing): Proof {
  const atoms = Array.from({ length: tests }, (_, i) => ({ wanted: true, verdict: i >= failing }));
  return {
    verdict: failing === 0,
    atoms: atoms as Atom[],
    flips: atoms.slice(0, failing) as Atom[],
  };
}

const candidate = (of: Partial<Candidate>) =>
  ({ proof: proof(0), overshoot: 0, ...of }) as Candidate;

/** What is smaller in `compare` comes first, from either side; equal ones stay as they are. */
function expectOrder(...inOrder: readonly Candidate[]): void {
  expect([...inOrder].sort(compareCandidates)).toEqual(inOrder);
  expect([...inOrder].reverse().sort(compareCandidates)).toEqual(inOrder);
}

test("candidates: what another step chose comes last, however well it fits", () => {
  expectOrder(candidate({ proof: proof(3), overshoot: 9 }), candidate({ use: "chosen" }));
  expectOrder(candidate({ use: "fits", proof: proof(3) }), candidate({ use: "chosen" }));
});

test("candidates: then the fewest tests in the way, then what fits no other step", () => {
  expectOrder(candidate({ use: "fits", proof: proof(1) }), candidate({ proof: proof(2) }));
  expectOrder(
    candidate({ proof: proof(1), overshoot: 9 }),
    candidate({ use: "fits", proof: proof(1) }),
  );
});

test("candidates: then of which more holds, as a part of all its tests", () => {
  const part = (failing: number, holding: number): Proof => {
    const { atoms, flips } = proof(failing, failing + holding);
    return { verdict: false, atoms, flips: flips.slice(0, 1) };
  };
  expectOrder(
    candidate({ proof: part(1, 1), overshoot: 9 }),
    candidate({ proof: part(6, 2), overshoot: 1 }),
  );
});

test("candidates: of what holds nothing is missing; then the nearest in time", () => {
  const holding = { ...proof(1, 2), verdict: true, flips: [] };
  expectOrder(
    candidate({ proof: proof(0, 2), overshoot: 1 }),
    candidate({ proof: holding, overshoot: 2 }),
    candidate({ proof: proof(0, 2), overshoot: 3 }),
  );
});

test("overshoot is that of the nearest that fits and was out of its time", () => {
  const late = (overshoot: number, failing = 0) => candidate({ overshoot, proof: proof(failing) });
  expect(overshootOf([late(0), late(7), late(1), late(2)])).toBe(1);
  expect(overshootOf([late(3, 1), late(5)])).toBe(5);
  expect(overshootOf([late(0), late(3, 1)])).toBeUndefined();
});

const miss = (of: Partial<NearMiss>) => ({ reached: 1, candidates: [], ...of }) as NearMiss;

function expectCloser(closer: Partial<NearMiss>, further: Partial<NearMiss>): void {
  const inOrder = [miss(closer), miss(further)];
  expect(closest(inOrder)).toEqual(inOrder);
  expect(closest([...inOrder].reverse())).toEqual(inOrder);
  expect(closest([...inOrder].reverse(), 1)).toEqual([inOrder[0]]);
}

test("near misses: most steps, then the fewest tests in the way, then the nearest in time", () => {
  const met = (...failing: number[]) => ({
    candidates: failing.map((n) => candidate({ proof: proof(n) })),
  });
  expectCloser({ reached: 2, ...met(9), overshoot: 9 }, { reached: 1, ...met(0), overshoot: 1 });
  expectCloser({ ...met(1, 3), overshoot: 9 }, { ...met(2, 0), overshoot: 1 });
  expectCloser({ ...met(4), overshoot: undefined }, { overshoot: 1 });
  expectCloser({ ...met(1), overshoot: 1 }, { ...met(1), overshoot: 2 });
  expectCloser({ ...met(1), overshoot: 5 }, { ...met(1), overshoot: undefined });
  expectCloser({ overshoot: 5 }, { overshoot: undefined });
});

test("near misses: of a window its condition decides, not what was kept out", () => {
  expectCloser(
    { having: proof(1), candidates: [candidate({ proof: proof(3) })] },
    { having: proof(2), candidates: [candidate({ proof: proof(0) })] },
  );
});

test("equally close ones stay in their order", () => {
  const equal = ["a", "b", "c"].map((key) => miss({ key }));
  expect(closest(equal)).toEqual(equal);
});
