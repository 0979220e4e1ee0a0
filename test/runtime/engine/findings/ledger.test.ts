/** What becomes of findings that were told: revisions, parents, losses, and what is forgotten. */
import { describe, expect, test } from "vitest";
import type { CoreRule, EntityRef, Finding, Subsumption, Value } from "#core";
import type { EngineMatch, Scope } from "../../../../runtime/engine/code/scope.ts";
import { Ledger } from "../../../../runtime/engine/findings/ledger.ts";
import type { Reporter, Told } from "../../../../runtime/engine/findings/reporter.ts";

interface RuleText {
  readonly name: string;
  readonly keysMax?: number;
  readonly subsumes?: readonly Partial<Subsumption>[];
  /** By clause the parts of its key, as the generated code has them. */
  readonly keys?: readonly (readonly ((scope: Scope) => Value)[])[];
}

interface Said {
  readonly key?: string;
  readonly since?: number;
  readonly entity?: EntityRef;
  readonly resolvedAt?: number;
}

/** A ledger of rules by name, which writes down what is told as `id.revision state ^parent`. */
class Book {
  readonly told: string[] = [];
  /** By id the events that are known to be missing of its match. */
  readonly missing = new Map<string, number>();
  ledger: Ledger;
  readonly #rules: readonly CoreRule[];
  readonly #reporters: readonly Reporter[];

  constructor(...texts: readonly RuleText[]) {
    this.#rules = texts.map(
      ({ name, keysMax = 64, subsumes = [] }) =>
        ({ module: "m", name, keysMax, subsumes }) as unknown as CoreRule,
    );
    this.#reporters = this.#rules.map((rule, index) => {
      const keys = texts[index]?.keys ?? [];
      const subsumes = keys.map((own) => own.map((of) => (_: unknown, scope: Scope) => of(scope)));
      const write = (match: EngineMatch) => written(match);
      return { rule, index, code: { subsumes }, write } as unknown as Reporter;
    });
    this.ledger = this.#fresh();
  }

  #fresh(): Ledger {
    return new Ledger({
      rules: this.#rules,
      tell: (f) => this.told.push(shown(f)),
      withLosses: (_, match) => {
        const count = this.missing.get(idOf(match)) ?? 0;
        return { ...match, losses: [{ source: 0, count }] } as unknown as EngineMatch;
      },
    });
  }

  /** What a rule says of a match that is complete at `at`. */
  of(rule: string, id: string, at = 0, said: Said = {}): Told {
    const index = this.#rules.findIndex((r) => r.name === rule);
    const reporter = this.#reporters[index] as Reporter;
    const { key = "k", since = at, entity = {}, resolvedAt } = said;
    const match = {
      ...{ rule: { id, entity, explain }, key, at, captures: [], silentSince: since },
      ...(resolvedAt === undefined ? {} : { resolvedAt }),
    } as unknown as EngineMatch;
    return { finding: written(match), match, reporter };
  }

  tell(rule: string, id: string, at = 0, said: Said = {}): void {
    this.ledger.tell(this.of(rule, id, at, said));
  }

  early(rule: string, id: string, at = 0, said: Said = {}): void {
    this.ledger.tellProvisionally(this.of(rule, id, at, said));
  }

  goesOn(rule: string, id: string, at: number, untilUs: number, isWithheld = false): void {
    this.ledger.tellGoingOn(this.of(rule, id, at), untilUs, isWithheld);
  }

  /** Goes on with another ledger, of which something was known, from what was saved. */
  restart(): void {
    const saved = this.ledger.save();
    this.ledger = this.#fresh();
    this.tell("first", "other");
    this.early("first", "others");
    this.told.splice(-2);
    this.ledger.restore(saved);
  }

  /** What was told since it was last asked. */
  get news(): string[] {
    return this.told.splice(0);
  }
}

/** Nothing was captured, so that only a subject says what a match is about. */
const explain = { root: { of: 0 } };
const saidBy = (match: EngineMatch) =>
  match.rule as unknown as { readonly id: string; readonly entity: EntityRef };
const idOf = (match: EngineMatch) => saidBy(match).id;

function written(match: EngineMatch): Finding {
  const { id, entity } = saidBy(match);
  const { at, resolvedAt } = match as { at: number; resolvedAt?: number };
  const base = { id, entity, at, revision: 0, state: "open" };
  return { ...base, ...(resolvedAt === undefined ? {} : { resolvedAt }) } as unknown as Finding;
}

function shown(f: Finding): string {
  const parent = "parent" in f ? ` ^${f.parent}` : "";
  return `${f.id}.${f.revision} ${f.state}${f.isProvisional ? "?" : ""}${parent}`;
}

const plain = { name: "first" };
const subsuming = (clause: Partial<Subsumption> = {}) => ({
  name: "above",
  subsumes: [{ rules: ["m.first"], ...clause }],
});

describe("revisions", () => {
  test("a finding is open when it is first told, then each change is one more", () => {
    const book = new Book(plain);
    book.tell("first", "a", 5);
    book.tell("first", "a", 5, { resolvedAt: 9 });
    book.tell("first", "b", 5, { resolvedAt: 9 });
    expect(book.news).toEqual(["a.0 open", "a.1 resolved", "b.0 resolved"]);
  });

  test("what is told on arrival is told once, and confirmed or retracted", () => {
    const book = new Book(plain);
    for (const id of ["a", "a", "b"]) book.early("first", id, 5);
    expect(book.news).toEqual(["a.0 open?", "b.0 open?"]);
    book.tell("first", "a", 5);
    book.early("first", "a", 5);
    expect(book.news).toEqual(["a.1 update"]);
    book.ledger.withhold("a");
    book.ledger.retract(0, 5);
    expect(book.news).toEqual([]);
    book.ledger.retract(0, 6);
    book.ledger.retract(0, 6);
    expect(book.news).toEqual(["b.1 retracted?"]);
    expect([book.ledger.provisional, book.ledger.retracted]).toEqual([2, 1]);
  });

  test("what is withheld in the end is retracted if it was told before, once", () => {
    const book = new Book(plain, { name: "second" });
    book.early("first", "a", 5);
    book.tell("first", "b", 5);
    book.early("second", "c", 5);
    book.told.splice(0);
    for (const id of ["a", "a", "b", "none"]) book.ledger.withhold(id);
    expect(book.news).toEqual(["a.1 retracted?"]);
    expect(book.ledger.retracted).toBe(1);
    book.ledger.retract(0, 99);
    expect(book.news).toEqual([]);
    book.ledger.retract(1, 99);
    expect(book.news).toEqual(["c.1 retracted?"]);
  });

  test("what goes on is told of again until it is over, and lasts as long as was said", () => {
    const book = new Book(plain);
    book.goesOn("first", "a", 1, 10);
    book.goesOn("first", "a", 2, 20);
    expect(book.news).toEqual(["a.0 open?", "a.1 update?"]);
    book.ledger.retract(0, 20);
    // Withheld as it is now it stays, and may be confirmed for longer; one never told stays untold.
    book.goesOn("first", "a", 3, 30, true);
    book.goesOn("first", "b", 3, 30, true);
    book.ledger.retract(0, 30);
    expect(book.news).toEqual([]);
    book.tell("first", "a", 4);
    book.goesOn("first", "a", 5, 50);
    book.goesOn("first", "a", 5, 50, true);
    book.ledger.retract(0, 99);
    expect(book.news).toEqual(["a.2 update"]);
    expect([book.ledger.provisional, book.ledger.retracted]).toEqual([1, 0]);
  });
});

describe("losses", () => {
  test("are told of findings they lie in, ends included, and only when there are more", () => {
    const book = new Book(plain);
    book.tell("first", "a", 20, { since: 10 });
    book.early("first", "b", 30, { since: 25 });
    const lost = (from: number, to: number) => {
      book.told.splice(0);
      book.ledger.reconsiderLosses(from, to);
      return book.news;
    };
    expect(lost(0, 99)).toEqual([]);
    for (const id of ["a", "b"]) book.missing.set(id, 1);
    expect([lost(0, 9), lost(21, 24), lost(31, 99)]).toEqual([[], [], []]);
    // What is not proven comes first.
    expect(lost(20, 25)).toEqual(["b.1 update?", "a.1 update"]);
    expect(lost(20, 25)).toEqual([]);
    book.missing.set("a", 2);
    expect(lost(0, 10)).toEqual(["a.2 update"]);
  });
});

describe("parents", () => {
  test("are known to children that come later, and told to those that came before", () => {
    const book = new Book(plain, subsuming(), { name: "beside" });
    book.tell("first", "early", 4);
    book.tell("first", "now", 5);
    book.tell("beside", "stranger", 5);
    book.tell("above", "top", 5);
    book.tell("first", "later", 6);
    book.tell("first", "other", 6, { key: "k2" });
    expect(book.news).toEqual([
      "early.0 open",
      "now.0 open",
      "stranger.0 open",
      "top.0 open",
      "now.1 update ^top",
      "later.0 open ^top",
      "other.0 open",
    ]);
    book.tell("above", "top", 5, { resolvedAt: 6 });
    expect(book.news).toEqual(["top.1 resolved", "later.1 update"]);
  });

  test("that are retracted leave their children to the next one, or alone", () => {
    const book = new Book(plain, subsuming());
    for (const id of ["top", "next"]) book.early("above", id, 5);
    book.early("first", "a", 6);
    expect(book.news).toEqual(["top.0 open?", "next.0 open?", "a.0 open? ^top"]);
    book.ledger.withhold("top");
    expect(book.news).toEqual(["top.1 retracted?", "a.1 update? ^next"]);
    book.ledger.withhold("a");
    expect(book.news).toEqual(["a.2 retracted? ^next"]);
    book.early("first", "b", 6);
    book.ledger.withhold("next");
    expect(book.news).toEqual(["b.0 open? ^next", "next.1 retracted?", "b.1 update?"]);
  });

  test("are those of the first rule, and of its findings the one told first", () => {
    const book = new Book(plain, { ...subsuming(), name: "zeta" }, subsuming());
    book.tell("above", "y", 1);
    book.tell("zeta", "x2", 2);
    book.tell("zeta", "x1", 1);
    book.tell("zeta", "x2", 2);
    book.tell("first", "a", 3);
    expect(book.news.at(-1)).toBe("a.0 open ^x2");
    book.restart();
    book.tell("first", "b", 3);
    expect(book.news).toEqual(["b.0 open ^x2"]);
  });

  test("of a rule over itself are other findings", () => {
    const book = new Book({ name: "first", subsumes: [{ rules: ["m.first"] }] });
    book.tell("first", "a", 1);
    book.tell("first", "b", 2);
    expect(book.news).toEqual(["a.0 open", "b.0 open ^a"]);
  });

  test("are found by the parts of a key of their own: entities, else values", () => {
    const pod = { op: "entity", kind: "pod" };
    const size = { op: "const" };
    const own = [
      [(s: Scope) => s.subject?.pod],
      [(s: Scope) => s.at, (s: Scope) => (s.at === 7 ? undefined : "same")],
    ];
    const clauses = [
      { rules: ["m.none", "m.pods"], key: [{ expr: pod }] },
      { rules: ["m.sizes"], key: [{ expr: size }, { expr: size }] },
    ] as unknown as Partial<Subsumption>[];
    const book = new Book(
      { name: "pods" },
      { name: "sizes" },
      { name: "above", subsumes: clauses, keys: own },
    );
    const subject = (told: Told, ref: EntityRef): Told => ({
      ...told,
      match: { ...told.match, subject: ref } as EngineMatch,
    });
    const about = (pod: string) => ({ entity: { pod } });
    book.ledger.tell(subject(book.of("above", "top", 5, { key: "t" }), { pod: "p1" }));
    book.ledger.tell(subject(book.of("above", "none", 7, { key: "t" }), {}));
    book.tell("pods", "mine", 7, about("p1"));
    book.tell("pods", "another", 5, about("p2"));
    book.tell("pods", "nobody", 7);
    book.tell("sizes", "equal", 5);
    book.tell("sizes", "unequal", 6);
    book.tell("sizes", "missing", 7);
    expect(book.news).toEqual([
      "top.0 open",
      "none.0 open",
      "mine.0 open ^top",
      "another.0 open",
      "nobody.0 open",
      "equal.0 open ^top",
      "unequal.0 open",
      "missing.0 open",
    ]);
  });
});

describe("what is forgotten", () => {
  test("of a rule is the oldest that is settled, else the oldest", () => {
    const book = new Book({ name: "first", keysMax: 1 });
    book.early("first", "e1", 1);
    for (const id of ["s1", "s2", "e2"])
      if (id < "f") book.early("first", id, 2);
      else book.tell("first", id, 2);
    expect(book.ledger.forgotten).toBe(0);
    book.tell("first", "s3", 3);
    expect(book.ledger.forgotten).toBe(1);
    book.told.splice(0);
    // `s1` is told as if nobody had heard of it; then `s2`, `s3` and `s1` go.
    book.tell("first", "s1", 2);
    expect(book.news).toEqual(["s1.0 open"]);
    for (const id of ["e3", "e4", "e5"]) book.early("first", id, 4);
    expect(book.ledger.forgotten).toBe(5);
    book.told.splice(0);
    for (const id of ["e2", "e3", "e4", "e5", "e1"]) book.ledger.withhold(id);
    expect(book.news.map((t) => t.split(".")[0])).toEqual(["e2", "e3", "e4", "e5"]);
  });

  test("is nothing while what goes on finds no room: of a rule, of all", () => {
    const book = new Book({ name: "first", keysMax: 1 });
    for (const id of ["s1", "s2"]) book.tell("first", id, 1);
    for (let i = 0; i < 6; i++) book.goesOn("first", `g${i}`, 2, 9);
    expect([book.ledger.provisional, book.ledger.forgotten]).toEqual([4, 2]);
    book.told.splice(0);
    book.goesOn("first", "g0", 3, 9);
    book.goesOn("first", "g5", 3, 9);
    expect(book.news).toEqual(["g0.1 update?"]);
    expect([book.ledger.provisional, book.ledger.forgotten]).toEqual([4, 2]);

    const names = Array.from({ length: 17 }, (_, i) => (i === 0 ? "first" : `r${i}`));
    const all = new Book(...names.map((name) => ({ name })));
    for (const name of names.slice(0, 16))
      for (let i = 0; i < 256; i++) all.goesOn(name, `${name} ${i}`, 1, 9);
    all.told.splice(0);
    all.goesOn("r16", "x", 1, 9);
    expect(all.news).toEqual([]);
    all.ledger.withhold("r1 7");
    all.goesOn("r16", "x", 1, 9);
    expect(all.news).toEqual(["r1 7.1 retracted?", "x.0 open?"]);
    expect(all.ledger.forgotten).toBe(0);
  });

  test("of all 4,096 is the one that was settled first, else the oldest", () => {
    const names = Array.from({ length: 17 }, (_, i) => (i === 0 ? "first" : `r${i}`));
    const full = (isEarly: boolean) => {
      const book = new Book(...names.map((name) => ({ name })));
      book.early("first", "e", 1);
      for (const [r, name] of names.slice(0, 16).entries())
        for (let i = r === 0 ? 1 : 0; i < 256; i++)
          if (isEarly) book.early(name, `${name} ${i}`, 1);
          else book.tell(name, `${name} ${i}`, 1);
      expect(book.ledger.forgotten).toBe(0);
      book.told.splice(0);
      return book;
    };
    const settled = full(false);
    // What is told again keeps its place; confirmed behind all others `e` is the last.
    settled.tell("first", "first 1", 1);
    settled.told.splice(0);
    settled.tell("first", "e", 1);
    settled.early("r16", "x", 1);
    expect(settled.ledger.forgotten).toBe(1);
    settled.tell("first", "e", 1);
    settled.tell("first", "first 2", 1);
    settled.tell("first", "first 1", 1);
    expect(settled.news).toEqual([
      "e.1 update",
      "x.0 open?",
      "e.2 update",
      "first 2.1 update",
      "first 1.0 open",
    ]);

    const early = full(true);
    early.tell("first", "first 5", 1);
    early.early("r16", "w", 1);
    early.tell("first", "first 5", 1);
    expect(early.news).toEqual(["first 5.1 update", "w.0 open?", "first 5.0 open"]);
    early.early("r16", "x", 1);
    early.early("r16", "y", 1);
    expect(early.ledger.forgotten).toBe(4);
    early.told.splice(0);
    for (const id of ["e", "first 1", "first 2"]) early.ledger.withhold(id);
    expect(early.news).toEqual(["first 2.1 retracted?"]);
  });

  test("keeps its children, unless it is retracted", () => {
    const book = new Book(plain, { ...subsuming(), keysMax: 1 });
    for (const id of ["p0", "p1"]) book.tell("above", id, 5);
    book.tell("first", "a", 6);
    for (const id of ["p2", "p3", "p4"]) book.early("above", id, 5);
    expect(book.ledger.forgotten).toBe(1);
    book.restart();
    book.told.splice(0);
    book.tell("above", "p1", 5, { resolvedAt: 7 });
    book.ledger.withhold("p2");
    book.tell("first", "a", 6, { resolvedAt: 8 });
    book.tell("first", "b", 6);
    const ends = ["p1.1 resolved", "p2.1 retracted?"];
    expect(book.news).toEqual([...ends, "a.1 resolved ^p0", "b.0 open ^p1"]);
  });

  test("behind a time is what was found after it, of one rule", () => {
    const book = new Book(plain, { name: "second" });
    for (const at of [4, 5, 6]) book.tell("first", `a${at}`, at);
    book.tell("second", "b6", 6);
    book.early("first", "e7", 7);
    book.told.splice(0);
    book.ledger.forgetAfter(0, 5);
    expect(book.ledger.forgotten).toBe(2);
    book.ledger.forgetAfter(2, 0);
    book.ledger.withhold("e7");
    for (const [rule, id] of ["a4", "a5", "a6"].map((x) => ["first", x]))
      book.tell(rule ?? "", id ?? "");
    book.tell("second", "b6");
    expect(book.news).toEqual(["a4.1 update", "a5.1 update", "a6.0 open", "b6.1 update"]);
    expect(book.ledger.savedOf(0)).toHaveLength(3);
    expect(book.ledger.savedOf(9)).toEqual([]);
  });
});

test("a restart is invisible", () => {
  const book = new Book(plain, subsuming(), { name: "small", keysMax: 1 });
  for (const id of ["o1", "o2", "o3", "o4"]) book.tell("small", id);
  book.tell("above", "p", 1);
  book.restart();
  book.early("above", "q", 1);
  book.restart();
  book.tell("first", "child", 2);
  expect(book.news.at(-1)).toBe("child.0 open ^p");
  book.tell("small", "o5");
  book.early("small", "gone");
  book.ledger.withhold("gone");
  const counted = () => {
    const { forgotten, provisional, retracted } = book.ledger;
    return { forgotten, provisional, retracted };
  };
  const counts = { forgotten: 2, provisional: 2, retracted: 1 };
  expect(counted()).toEqual(counts);
  book.told.splice(0);
  book.restart();
  expect(counted()).toEqual(counts);
  // Nothing is left of what was known before; what was saved goes on.
  expect(book.ledger.savedOf(0)).toHaveLength(1);
  book.tell("first", "other", 0);
  book.early("first", "others", 0);
  for (const rule of [0, 1]) book.ledger.retract(rule, 99);
  expect(book.news).toEqual([
    "other.0 open",
    "others.0 open?",
    "others.1 retracted?",
    "q.1 retracted?",
  ]);
  book.tell("first", "child", 2, { resolvedAt: 4 });
  expect(book.news).toEqual(["child.1 resolved ^p"]);
});
