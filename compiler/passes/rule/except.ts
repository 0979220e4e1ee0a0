/**
 * `except` to core. The author of a rule excepts what he likes; overrides may read only what the
 * rule allows: `allow except by (entity.pod.namespace)` is about any step's entity, or the
 * finding's.
 */
import type { Exception } from "#core";
import type { Expr as Ast, ExceptItem, Node, Path, StringLiteral } from "#grammar";
import { elaborate, elaborateCondition } from "../elaborate/elaborate.ts";
import type { Scope, Session, StepBinding } from "../elaborate/scope.ts";
import { type Clause, clauseOf, clausesOf, type RuleSource, scopeOf } from "./clause.ts";

/** `scope`: of the explanation. */
export function lowerExceptions(source: RuleSource, scope: Scope): Exception[] {
  const allowed = clauseOf(source.clauses, "allowExceptItem")?.item;
  if (allowed) for (const path of allowed.fields) checkPath(path, scope);
  if (allowed) for (const clause of source.added) checkAllowed(clause, allowed, scope);
  return [...source.clauses, ...source.added].flatMap((clause) =>
    clausesOf([clause], "exceptItem").map(({ item }) =>
      lowerException(item, scopeOf(clause, scope)),
    ),
  );
}

function lowerException(
  item: Extract<ExceptItem, { kind: "exceptItem" }>,
  scope: Scope,
): Exception {
  return {
    reason: item.reason.value,
    when: elaborateCondition(item.when, scope),
    expires: item.expires && dateOf(item.expires, scope.session),
    owner: item.owner?.value,
  };
}

const isoDate = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** µs since the epoch; a day without a time is its beginning in UTC. */
function dateOf(node: StringLiteral, session: Session): number | undefined {
  const [, year, month, day] = isoDate.exec(node.value) ?? [];
  const ms = year === undefined ? Number.NaN : Date.parse(node.value);
  const start = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (!Number.isNaN(ms) && start.getUTCDate() === Number(day)) return ms * 1000;
  const params = { what: "date", reason: `\`${node.value}\` is not an ISO 8601 date` };
  session.report("TAP2015", node, params, { help: 'write it like "2027-01-31"' });
  return undefined;
}

/** What the rule allows must be there to be read: of an entity, or a field of some step. */
function checkPath(path: Path, scope: Scope): void {
  const [first, ...rest] = path.parts;
  if (!first) return;
  const { kinds } = scope.session.info.schema;
  const steps = [...scope.steps.values()];
  const hasField = (step: StepBinding) =>
    step.kinds.some((k) => kinds[k]?.fields.some((f) => f.name.split(".")[0] === first.text));
  const owner = steps.find(hasField) ?? steps[0];
  if (!owner || steps.some((s) => s.isBroken)) return;
  const node = { id: path.id, span: path.span };
  const start: Ast = { ...node, kind: "nameRef", name: owner.name };
  const ast = [first, ...rest].reduce<Ast>(
    (object, member) => ({ ...node, kind: "member", object, member }),
    start,
  );
  // An entity alone may be allowed as a whole.
  elaborate(ast, scope);
}

function checkAllowed(
  clause: Clause,
  allowed: Extract<ExceptItem, { kind: "allowExceptItem" }>,
  scope: Scope,
): void {
  if (clause.item.kind !== "exceptItem") return;
  const paths = allowed.fields.map((f) => f.text);
  const labels = [{ at: allowed.span, text: "what the rule allows" }];
  for (const { at, path } of readPaths(clause.item.when, scope)) {
    if (paths.includes(path)) continue;
    const params = { path, allowed: paths };
    scope.session.report("TAP2052", at, params, { labels });
  }
}

interface ReadPath {
  readonly at: Node;
  /** Behind the step: `entity.pod.namespace`. */
  readonly path: string;
}

/** What an expression reads of the match: paths behind steps, and of the finding's entity. */
function readPaths(e: Ast, scope: Scope): ReadPath[] {
  const parts: string[] = [];
  let at = e;
  while (at.kind === "member") {
    parts.unshift(at.member.text);
    at = at.object;
  }
  const step = stepOf(at, scope);
  if (step) return [{ at: e, path: parts.join(".") || step }];
  if (at.kind === "nameRef" && at.name === "entity" && !scope.bound.has("entity"))
    return [{ at: e, path: ["entity", ...parts].join(".") }];
  if (at.kind === "call" && at.args.length === 0) return [{ at: e, path: `${at.callee.text}()` }];
  return partsOf(at).flatMap((x) => readPaths(x, scope));
}

/** The step that is read: by its name, or as its first or last event. */
function stepOf(e: Ast, scope: Scope): string | undefined {
  if (e.kind === "nameRef") return scope.steps.has(e.name) ? e.name : undefined;
  const arg = e.kind === "call" ? e.args[0]?.value : undefined;
  const isPicked = e.kind === "call" && ["first", "last"].includes(e.callee.text);
  return isPicked && arg?.kind === "nameRef" && scope.steps.has(arg.name) ? arg.name : undefined;
}

function partsOf(e: Ast): readonly Ast[] {
  switch (e.kind) {
    case "member":
      return [e.object];
    case "index":
      return [e.object, e.index];
    case "call":
      return e.args.map((a) => a.value);
    case "list":
      return e.items;
    case "quantified":
      return [e.list, e.body];
    case "unary":
    case "is":
      return [e.operand];
    case "binary":
      return [e.left, e.right];
    case "in":
      return [e.item, e.set];
    case "text":
      return [e.text, e.pattern];
    default:
      return [];
  }
}
