/**
 * The front door: text in, tree and abstract syntax out, whatever the text is.
 *
 *   text ── leaves.ts ──► leaves ── parser.ts ──► tree ── build-ast.ts ──► abstract syntax
 *               └───────── problems ─────┴─────────────────────┴──► sorted by place ──► sink
 */
import { EOF } from "chevrotain";
import { diagnostic } from "../diagnostics/catalog.ts";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.ts";
import type { DiagnosticSink } from "../diagnostics/sink.ts";
import type { SourceFile } from "./ast.ts";
import { buildAst } from "./build-ast.ts";
import type { BuildContext } from "./build-expression.ts";
import { lexText } from "./leaves.ts";
import { FILE_LENGTH_MAX } from "./limits.ts";
import { TapioParser } from "./parser.ts";
import type { Problem } from "./problems.ts";
import { Leaf, type Tree, type TreeNode } from "./tree.ts";

export interface Parsed {
  readonly ast: SourceFile;
  readonly tree: Tree;
}

let sharedParser: TapioParser | undefined;

/** The grammar is analysed once per process, when the first file needs it. */
function parser(): TapioParser {
  sharedParser ??= new TapioParser();
  return sharedParser;
}

/**
 * Parses one source file. Never throws: problems go to the sink in the order of their places, and
 * the result is as complete as the text allows.
 */
export function parse(text: string, file: string, sink: DiagnosticSink): Parsed {
  if (text.length > FILE_LENGTH_MAX) return refuseLength(text, file, sink);
  const lexed = lexText(text);
  const { root, problems } = parser().parse(text, lexed.leaves, lexed.isExcused, "file");
  const tree: Tree = { file, source: text, root };
  const context: BuildContext = {
    file,
    nextId: 0,
    problems: [],
    parseHole: (hole, inner) => parser().parse(hole, inner.leaves, inner.isExcused, "hole"),
  };
  const ast = buildAst(tree, context);
  const all = [...lexed.problems, ...problems, ...context.problems];
  all.sort((a, b) => a.start - b.start || a.end - b.end);
  for (const problem of all) sink.add(toDiagnostic(problem, file));
  return { ast, tree };
}

function refuseLength(text: string, file: string, sink: DiagnosticSink): Parsed {
  const start: Span = { file, start: 0, end: 0 };
  sink.add(diagnostic("TAP1011", start, { length: text.length, limit: FILE_LENGTH_MAX }));
  const eof = new Leaf(EOF, "", 0, 0, { start: text.length, end: text.length });
  const root: TreeNode = { is: "node", kind: "file", children: [eof], isBroken: true };
  const span: Span = { file, start: 0, end: text.length };
  const ast: SourceFile = {
    kind: "file",
    id: 0,
    span,
    file,
    module: undefined,
    imports: [],
    decls: [],
  };
  return { ast, tree: { file, source: text, root } };
}

function toDiagnostic(problem: Problem, file: string): Diagnostic {
  const span = ({ start, end }: { start: number; end: number }): Span => ({ file, start, end });
  const labels = problem.labels?.map((label) => ({ at: span(label), text: label.text })) ?? [];
  const { fix } = problem;
  const fixes = fix
    ? [
        {
          title: fix.title,
          kind: fix.kind ?? ("safe" as const),
          edits: [{ at: span(fix), newText: fix.newText }],
        },
      ]
    : [];
  const extras = { labels, fixes, ...(problem.help === undefined ? {} : { help: problem.help }) };
  // `Problem` ties the parameters to the code; a union of both loses the tie, hence the cast.
  return diagnostic(problem.code, span(problem), problem.params as never, extras);
}
