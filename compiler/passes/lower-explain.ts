/** `explain { … }` to core: every claim is checked against what the pattern can carry. */

import type { Explain, Labelled } from "#core";
import type { Expr as Ast, ExplainItem, ExplainLine, Node, Path } from "#grammar";
import {
  elaborate,
  elaborateCondition,
  elaborateTemplate,
  elaborateValue,
} from "./elaborate/elaborate.ts";
import type { Scope, StepBinding } from "./elaborate/scope.ts";
import type { LoweredPattern } from "./pattern/lowered.ts";
import { checkNamesOnce } from "./rule/clause.ts";
import { checkEdge, type End } from "./rule/edges.ts";
import { suggestion } from "./similar.ts";
import { unitOfType } from "./types.ts";

type Line<K extends ExplainLine["kind"]> = Extract<ExplainLine, { kind: K }>;

/** The explanation of a rule; `scope` sees what a match bound. */
export function lowerExplain(
  item: ExplainItem | undefined,
  lowered: LoweredPattern,
  scope: Scope,
): Explain {
  return new ExplainLowering(lowered, scope).lower(item?.lines ?? []);
}

class ExplainLowering {
  #scope: Scope;
  #bindings: readonly StepBinding[];
  #lowered: LoweredPattern;

  constructor(lowered: LoweredPattern, scope: Scope) {
    this.#scope = scope;
    this.#lowered = lowered;
    this.#bindings = lowered.seen.map((s) => s.binding);
  }

  lower(lines: readonly ExplainLine[]): Explain {
    this.#onlyOnce(lines);
    const all = <K extends ExplainLine["kind"]>(kind: K) =>
      lines.filter((l): l is Line<K> => l.kind === kind);
    const root = all("rootLine")[0];
    return {
      root: root ? this.#root(root) : this.#defaultRoot(),
      impacts: all("impactLine").flatMap((l) => this.#impact(l)),
      chain: all("chainLine").map((l) => this.#chain(l)),
      because: all("becauseLine").flatMap((l) => this.#because(l)),
      confidence: this.#confidence(all("confidenceLine")[0]),
      summary:
        all("summaryLine")[0] && elaborateTemplate(all("summaryLine")[0]!.text, this.#scope).core,
      recommend: all("recommendLine").map((l) => ({
        text: elaborateTemplate(l.text, this.#scope).core,
        when: l.when && elaborateCondition(l.when, this.#scope),
      })),
      evidence: all("evidenceLine").flatMap((l) => l.paths.map((p) => this.#evidence(p))),
    };
  }

  #onlyOnce(lines: readonly ExplainLine[]): void {
    const once = {
      rootLine: "root",
      confidenceLine: "confidence",
      summaryLine: "summary",
    } as const;
    for (const [kind, clause] of Object.entries(once)) {
      const [first, second] = lines.filter((l) => l.kind === kind);
      if (first && second) this.#scope.session.writtenTwice(clause, first, second);
    }
  }

  /** The first step, or where any of them may be the first, the one that was. */
  #defaultRoot(): Explain["root"] {
    const { pattern } = this.#lowered;
    const root = { of: this.#bindings[0]?.of ?? ({ step: "current" } as const), as: undefined };
    return pattern.node === "all" ? { ...root, firstOf: [...pattern.steps.keys()] } : root;
  }

  #root(line: Line<"rootLine">): Explain["root"] {
    const as = line.as && elaborateTemplate(line.as, this.#scope).core;
    const nowhere = { of: { step: "current" }, as } as const;
    const { root } = line;
    if (root.kind === "errorExpr") return nowhere;
    if (root.kind === "nameRef" && !this.#scope.steps.has(root.name)) {
      this.#notAStep(root, root.name);
      return nowhere;
    }
    const x = elaborate(root, this.#scope);
    if (x.is === "event") return { of: x.step.of, as };
    if (x.is === "firstOf") {
      const first = this.#bindings[x.steps[0] ?? 0]?.of ?? ({ step: "current" } as const);
      return { of: first, firstOf: x.steps, as };
    }
    if (x.is !== "error") this.#notAStep(root, this.#scope.session.text(root));
    return nowhere;
  }

  #stepIndex(path: Path): number | undefined {
    const binding = this.#scope.steps.get(path.text);
    if (binding && binding.of.step !== "current") return binding.of.step;
    if (path.text !== "") this.#notAStep(path, path.text);
    return undefined;
  }

  #notAStep(node: Node, name: string): void {
    const { session, steps } = this.#scope;
    const names = [...steps.keys()];
    const { similar, fixes } = suggestion(name, names, node.span);
    const help = `name one of the pattern's steps: ${names.map((n) => `\`${n}\``).join(", ")}`;
    session.report("TAP4102", node, { name, similar }, { fixes, help });
  }

  #impact(line: Line<"impactLine">): Explain["impacts"] {
    checkNamesOnce(line.facts, this.#scope.session);
    const facts = line.facts.map((f) => this.#labelled(f.name.text, f.value));
    return line.paths.flatMap((path) => {
      const step = this.#stepIndex(path);
      return step === undefined ? [] : [{ step, facts }];
    });
  }

  #labelled(name: string, node: Ast): Labelled {
    const x = elaborateValue(node, this.#scope);
    return { name, expr: x.core, unit: unitOfType(x.type) };
  }

  #chain(line: Line<"chainLine">): Explain["chain"][number] {
    const ends = line.paths.map((p) => this.#end(p));
    for (const [i, to] of ends.entries()) {
      const from = ends[i - 1];
      if (from && to) this.#checkEdge(from, to);
    }
    const as = line.as && elaborateTemplate(line.as, this.#scope).core;
    return { steps: ends.flatMap((e) => (e ? [e.step] : [])), as };
  }

  #end(path: Path): End | undefined {
    const step = this.#stepIndex(path);
    return step === undefined ? undefined : { path, step };
  }

  #checkEdge(from: End, to: End): void {
    const { pattern, connections } = this.#lowered;
    checkEdge(from, to, pattern, connections, this.#scope.session);
  }

  #because(line: Line<"becauseLine">): Explain["because"] {
    const from = this.#end(line.from);
    const to = this.#end(line.to);
    if (from && to) this.#checkEdge(from, to);
    const text = elaborateTemplate(line.text, this.#scope).core;
    return from && to ? [{ from: from.step, to: to.step, text }] : [];
  }

  #confidence(line: Line<"confidenceLine"> | undefined): Explain["confidence"] {
    if (!line) return { base: 1, terms: [] };
    const terms = line.terms.map((t) => ({
      weight: t.sign === "plus" ? t.weight : -t.weight,
      when: elaborateCondition(t.when, this.#scope),
    }));
    const sum = (sign: number) =>
      terms.reduce((x, t) => (t.weight * sign > 0 ? x + t.weight : x), line.base);
    const [low, high] = [sum(-1), sum(1)];
    if (low < -1e-9 || high > 1 + 1e-9) {
      const range = { low: shownShare(low), high: shownShare(high) };
      this.#scope.session.report("TAP4001", line, range);
    }
    return { base: line.base, terms };
  }

  #evidence(path: Path): Labelled {
    const [first, ...rest] = path.parts;
    const base = (n: Node) => ({ id: n.id, span: n.span });
    const start: Ast = { ...base(path), kind: "nameRef", name: first?.text ?? "" };
    const ast = rest.reduce<Ast>(
      (object, member) => ({ ...base(path), kind: "member", object, member }),
      start,
    );
    return this.#labelled(path.text, ast);
  }
}

/** Enough digits to be exact for what people write, none for what binary fractions add. */
function shownShare(x: number): string {
  return String(Number(x.toFixed(6)));
}

/**
 * The event a finding's root is, for the checks of tests. Where the match decides which step that
 * is, it reads like a union of these steps, captured behind all steps of the pattern.
 */
export function rootBinding(
  { root }: Explain,
  bindings: readonly StepBinding[],
): StepBinding | undefined {
  const { of, firstOf } = root;
  if (!firstOf) return bindings.find((b) => b.of.step === of.step);
  const roots = bindings.filter((b) => b.of.step !== "current" && firstOf.includes(b.of.step));
  return {
    name: "root",
    kinds: [...new Set(roots.flatMap((b) => b.kinds))].sort((a, b) => a - b),
    of: { step: bindings.length, pick: "first" },
    isOptional: roots.every((b) => b.isOptional),
    isRepeated: false,
  };
}
