/** `explain { … }` to core: every claim is checked against what the pattern can carry. */

import type { Explain, Expr, Labelled, Ref, Unit } from "#core";
import type { Expr as Ast, ExplainItem, ExplainLine, Node, Path } from "#grammar";
import {
  elaborate,
  elaborateCondition,
  elaborateTemplate,
  elaborateValue,
} from "./elaborate/elaborate.ts";
import type { Scope, StepBinding } from "./elaborate/scope.ts";
import { suggestion } from "./similar.ts";
import { unitOfType } from "./types.ts";

type Line<K extends ExplainLine["kind"]> = Extract<ExplainLine, { kind: K }>;

/** The explanation of a rule; without the block, the first step is the root. */
export function lowerExplain(item: ExplainItem | undefined, scope: Scope): Explain {
  return new ExplainLowering(scope).lower(item?.lines ?? []);
}

class ExplainLowering {
  #scope: Scope;
  #bindings: readonly StepBinding[];

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#bindings = [...scope.steps.values()];
  }

  lower(lines: readonly ExplainLine[]): Explain {
    this.#onlyOnce(lines);
    const all = <K extends ExplainLine["kind"]>(kind: K) =>
      lines.filter((l): l is Line<K> => l.kind === kind);
    const root = all("rootLine")[0];
    return {
      root: root
        ? this.#root(root)
        : { of: this.#bindings[0]?.of ?? { step: "current" }, as: undefined },
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
    const steps = line.paths.map((p) => this.#stepIndex(p));
    for (let i = 1; i < steps.length; i++) {
      this.#checkEdge(line.paths[i - 1], line.paths[i], steps[i - 1], steps[i]);
    }
    const as = line.as && elaborateTemplate(line.as, this.#scope).core;
    return { steps: steps.filter((s) => s !== undefined), as };
  }

  #because(line: Line<"becauseLine">): Explain["because"] {
    const from = this.#stepIndex(line.from);
    const to = this.#stepIndex(line.to);
    this.#checkEdge(line.from, line.to, from, to);
    const text = elaborateTemplate(line.text, this.#scope).core;
    return from === undefined || to === undefined ? [] : [{ from, to, text }];
  }

  /** An edge needs the order the pattern forces; the join is there because no step may lack one. */
  #checkEdge(
    a: Path | undefined,
    b: Path | undefined,
    from: number | undefined,
    to: number | undefined,
  ): void {
    if (!a || !b || from === undefined || to === undefined || from < to) return;
    const reason =
      from === to ? "a step cannot lead to itself" : `\`${b.text}\` happens before \`${a.text}\``;
    this.#scope.session.report("TAP4101", b, { from: a.text, to: b.text, reason });
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

/** The event a finding's root is, for the checks of tests. */
export function rootBinding(
  explain: Explain,
  bindings: readonly StepBinding[],
): StepBinding | undefined {
  const of: Ref = explain.root.of;
  const binding = bindings.find((b) => b.of.step === of.step);
  return binding && { ...binding, of };
}
