/**
 * Which mutant is on. Instrumented code asks at every place; `instrument.ts` puts the questions in.
 * Loops tick, so that one without end is noticed after a number of rounds and not after a time.
 */

let active = -1;
let seen: Uint32Array | undefined;
let ticksLeft = Number.POSITIVE_INFINITY;

/** Whether mutant `id` is on. */
export function on(id: number): boolean {
  if (seen) seen[id >>> 5] = (seen[id >>> 5] as number) | (1 << (id & 31));
  return id === active;
}

export class Endless extends Error {}

/** One round of a loop. */
export function tick(): void {
  if (--ticksLeft < 0) throw new Endless("a loop goes on and on");
}

/** Forgets that a loop went on and on. */
export function rearm(): void {
  ticksLeft = Number.POSITIVE_INFINITY;
}

export const isEndless = () => ticksLeft < 0;

/** Runs `work` with mutant `id` on, for at most `ticks` rounds of its loops. */
export async function withMutant<T>(
  id: number,
  ticks: number,
  work: () => T | Promise<T>,
): Promise<T> {
  active = id;
  ticksLeft = ticks;
  try {
    return await work();
  } finally {
    active = -1;
  }
}

export interface Covered {
  /** One bit for each mutant whose place was reached. */
  readonly hits: Uint32Array;
  readonly ticks: number;
  readonly ms: number;
}

/** Runs `work` without a mutant and says which places it reaches. */
export async function covering(count: number, work: () => unknown): Promise<Covered> {
  const end = cover(count);
  try {
    await work();
  } finally {
    seen = undefined;
  }
  return end();
}

/** The same for work that does not wait. */
export function coveringNow(count: number, work: () => unknown): Covered {
  const end = cover(count);
  try {
    work();
  } finally {
    seen = undefined;
  }
  return end();
}

/** Work of this process, ms: what else the machine does does not count. */
export function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function cover(count: number): () => Covered {
  const hits = new Uint32Array((count + 31) >>> 5);
  const plenty = 2 ** 40;
  const started = busyMs();
  seen = hits;
  ticksLeft = plenty;
  return () => {
    const ticks = plenty - ticksLeft;
    ticksLeft = Number.POSITIVE_INFINITY;
    return { hits, ticks, ms: busyMs() - started };
  };
}
