/**
 * The grammar of the language (see `LANGUAGE` B.2), production by production. One production here
 * is one node kind of the tree, which `recovering-parser.ts` builds along the way; what happens at
 * an error is decided there too.
 *
 * The grammar is LL(1) except where a gate looks at the second token: a word before `:` is a label,
 * never a keyword, so `next: T` is a step and `in: x` a field. Expressions are read flat and get
 * their shape in `build-expression.ts`.
 */
import type { OrMethodOpts } from "chevrotain";
import { NESTING_MAX } from "./limits.ts";
import { problemOf } from "./problems.ts";
import { isWord, RecoveringParser, type Rule } from "./recovering-parser.ts";
import { startSets } from "./recovery.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";

/** What has been seen of the stretch between two `and`/`or`. */
interface ExpressionPart {
  isCompared: boolean;
  isText: boolean;
  isClosed: boolean;
}

const forgottenTime = {
  code: "TAP1001",
  params: { found: "`each`", expected: "a duration such as `30s`" },
  help: "say how long nothing may come: `absent x: event for 1m for each node`",
} as const;

/** Not reentrant, but reusable: one instance parses any number of files, one after the other. */
export class TapioParser extends RecoveringParser {
  /** `isValidating` lets chevrotain check the grammar itself: slow, so only a test asks for it. */
  constructor(isValidating = false) {
    super(isValidating);
    this.performSelfAnalysis();
  }

  // ---------- files and declarations ----------

  readonly file = this.production("file", () => {
    this.OPTION({
      GATE: () => this.RECORDING_PHASE || this.#hasModule(),
      DEF: () => this.guarded(startSets.declarations, () => this.SUBRULE(this.moduleHeader)),
    });
    this.loop(startSets.declarations, () =>
      this.MANY(() => this.guarded(startSets.declarations, () => this.SUBRULE(this.topLevel))),
    );
  });

  /** A hole of a string template: one expression and nothing else. */
  readonly hole = this.production("hole", () => {
    this.guarded(startSets.nothing, () => {
      this.SUBRULE(this.expr);
      if (!this.RECORDING_PHASE && !this.isEnd()) {
        this.refuse(problemOf("the end of the hole", this.found(), undefined));
      }
    });
  });

  /** Reports a missing module header; true when there is one. */
  #hasModule(): boolean {
    if (this.LA(1).tokenType === kw.module) return true;
    const { found } = this.found();
    // `modul a.b` is a misspelt header, not a missing one: the loop below says so.
    if (found !== undefined && found.tokenType === t.PlainName) {
      const problem = problemOf("", this.found(), startSets.module);
      if (problem.code === "TAP1015") return false;
    }
    this.report({ code: "TAP1013", params: {}, ...this.here() });
    return false;
  }

  readonly moduleHeader = this.production("moduleHeader", () => {
    this.CONSUME(kw.module);
    this.SUBRULE(this.path);
  });

  readonly topLevel: Rule = this.production("topLevel", () => {
    this.OR({
      DEF: [{ ALT: () => this.SUBRULE(this.importLine) }, { ALT: () => this.SUBRULE(this.decl) }],
      ERR_MSG: "a declaration",
    });
  });

  readonly importLine = this.production("import", () => {
    if (!this.RECORDING_PHASE && this.#hasSeenDeclaration()) {
      this.report({ code: "TAP1016", params: {}, ...this.here() });
    }
    this.CONSUME(kw.import);
    this.SUBRULE(this.path);
    this.OPTION1(() => {
      this.CONSUME(kw.as);
      this.CONSUME1(t.Name);
    });
    this.OPTION2(() => {
      const open = this.CONSUME(t.LBrace);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME2(t.Name) });
      this.closeBlock(open);
    });
  });

  /** Whether a declaration stands before the import that is about to be read. */
  #hasSeenDeclaration(): boolean {
    const items = this.partsOf("file");
    const last = items.findLast((item) => item.is === "node" && item.kind === "topLevel");
    return (
      last?.is === "node" &&
      last.children.some((part) => part.is === "node" && part.kind === "decl")
    );
  }

  readonly decl: Rule = this.production("decl", () => {
    this.MANY(() => this.SUBRULE(this.annotation));
    this.OPTION(() => this.CONSUME(kw.pub));
    this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.sourceDecl) },
        { ALT: () => this.SUBRULE(this.eventDecl) },
        { ALT: () => this.SUBRULE(this.entityDecl) },
        { ALT: () => this.SUBRULE(this.relationDecl) },
        { ALT: () => this.SUBRULE(this.listDecl) },
        { ALT: () => this.SUBRULE(this.patternDecl) },
        { ALT: () => this.SUBRULE(this.deriveDecl) },
        { ALT: () => this.SUBRULE(this.paramDecl) },
        { ALT: () => this.SUBRULE(this.letDecl) },
        { ALT: () => this.SUBRULE(this.templateDecl) },
        { ALT: () => this.SUBRULE(this.overrideDecl) },
        { ALT: () => this.SUBRULE(this.testDecl) },
        { ALT: () => this.SUBRULE(this.ruleDecl) },
      ],
      ERR_MSG: "a declaration such as `rule` or `event`",
    });
  });

  readonly annotation: Rule = this.production("annotation", () => {
    this.CONSUME(t.At);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.args));
  });

  // ---------- schema ----------

  readonly sourceDecl = this.production("sourceDecl", () => {
    this.CONSUME(kw.source);
    this.CONSUME(t.Name);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.sourceAttrs, () =>
      this.MANY(() => this.guarded(startSets.sourceAttrs, () => this.SUBRULE(this.sourceAttr))),
    );
    this.closeBlock(open);
  });

  readonly sourceAttr: Rule = this.production("sourceAttr", () => {
    this.OR([
      { ALT: () => [this.CONSUME(kw.lateness), this.CONSUME1(t.Duration)] },
      { ALT: () => [this.CONSUME(kw.granularity), this.CONSUME2(t.Duration)] },
      { ALT: () => [this.CONSUME(kw.idle), this.CONSUME3(t.Duration)] },
      { ALT: () => [this.CONSUME(kw.rank), this.CONSUME(t.Int)] },
      { ALT: () => this.CONSUME(kw.lossy) },
    ]);
  });

  readonly eventDecl = this.production("eventDecl", () => {
    this.CONSUME(kw.event);
    this.SUBRULE1(this.path);
    this.OPTION1(() => [this.CONSUME(kw.extends), this.SUBRULE2(this.path)]);
    this.OPTION2(() => [this.CONSUME(kw.from), this.CONSUME(t.Name)]);
    this.SUBRULE(this.recordBody);
  });

  readonly recordBody: Rule = this.production("recordBody", () => {
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.fields, () =>
      this.MANY({
        GATE: this.isLabel,
        DEF: () => this.guarded(startSets.fields, () => this.SUBRULE(this.fieldDecl)),
      }),
    );
    this.closeBlock(open);
  });

  readonly fieldDecl: Rule = this.production("fieldDecl", () => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.MANY(() => this.SUBRULE(this.annotation));
  });

  readonly type: Rule = this.production("type", () => {
    this.nested(() =>
      this.OR({
        DEF: [
          { GATE: () => this.LA(2).tokenType === t.Less, ALT: () => this.SUBRULE(this.listType) },
          { GATE: () => this.LA(2).tokenType === t.Less, ALT: () => this.SUBRULE(this.mapType) },
          { GATE: () => this.LA(2).tokenType === t.LBrace, ALT: () => this.SUBRULE(this.enumType) },
          { ALT: () => this.SUBRULE(this.recordBody) },
          { ALT: () => this.SUBRULE(this.namedType) },
        ],
        ERR_MSG: "a type",
        IGNORE_AMBIGUITIES: true,
      }),
    );
    this.OPTION(() => this.CONSUME(t.Question));
  });

  readonly listType: Rule = this.production("listType", () => {
    this.CONSUME(kw.list);
    this.CONSUME(t.Less);
    this.SUBRULE(this.type);
    this.CONSUME(t.Comma);
    this.CONSUME(t.Int);
    this.CONSUME(t.Greater);
  });

  readonly mapType: Rule = this.production("mapType", () => {
    this.CONSUME(kw.map);
    this.CONSUME(t.Less);
    this.SUBRULE1(this.type);
    this.CONSUME1(t.Comma);
    this.SUBRULE2(this.type);
    this.CONSUME2(t.Comma);
    this.CONSUME(t.Int);
    this.CONSUME(t.Greater);
  });

  readonly enumType: Rule = this.production("enumType", () => {
    this.CONSUME(kw.enum);
    const open = this.CONSUME(t.LBrace);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Word) });
    this.closeBlock(open);
  });

  readonly namedType: Rule = this.production("namedType", () => {
    this.CONSUME(t.Name);
    this.OPTION(() => {
      const open = this.CONSUME(t.LParen);
      this.CONSUME(t.Int);
      this.closeGroup(open, t.RParen, () => this.CONSUME(t.RParen));
    });
  });

  readonly entityDecl = this.production("entityDecl", () => {
    this.CONSUME(kw.entity);
    this.CONSUME1(t.Name);
    this.CONSUME(kw.key);
    this.SUBRULE(this.type);
    this.OPTION(() => [this.CONSUME(kw.in), this.CONSUME2(t.Name)]);
    this.CONSUME(kw.max);
    this.CONSUME(t.Int);
  });

  readonly relationDecl = this.production("relationDecl", () => {
    this.CONSUME(kw.relation);
    this.CONSUME1(t.Name);
    this.CONSUME2(t.Name);
    this.CONSUME(t.Arrow);
    this.CONSUME3(t.Name);
    this.CONSUME(kw.fanout);
    this.CONSUME(t.Int);
  });

  // ---------- reuse ----------

  readonly listDecl = this.production("listDecl", () => {
    this.CONSUME(kw.list);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.OR([
      { ALT: () => [this.CONSUME(t.Eq), this.SUBRULE(this.listLiteral)] },
      {
        ALT: () => {
          this.CONSUME(kw.from);
          this.CONSUME(t.Text);
          this.CONSUME(kw.max);
          this.CONSUME(t.Int);
        },
      },
    ]);
  });

  readonly patternDecl = this.production("patternDecl", () => {
    this.CONSUME(kw.pattern);
    this.CONSUME(t.Name);
    this.CONSUME(kw.on);
    this.SUBRULE(this.path);
    this.CONSUME(t.Eq);
    this.CONSUME(t.Text);
  });

  readonly deriveDecl = this.production("deriveDecl", () => {
    this.CONSUME(kw.derive);
    this.SUBRULE(this.path);
    this.CONSUME(kw.from);
    this.SUBRULE(this.step);
    this.OPTION(() => [this.CONSUME(kw.set), this.SUBRULE(this.fieldInits)]);
  });

  /** `{ word: value … }`. */
  readonly fieldInits: Rule = this.production("fieldInits", () => {
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.fields, () =>
      this.MANY({
        GATE: this.isLabel,
        DEF: () => this.guarded(startSets.fields, () => this.SUBRULE(this.fieldInit)),
      }),
    );
    this.closeBlock(open);
  });

  readonly fieldInit: Rule = this.production("fieldInit", () => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.expr);
  });

  readonly paramDecl = this.production("paramDecl", () => {
    this.CONSUME(kw.param);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.CONSUME(t.Eq);
    this.SUBRULE1(this.expr);
    this.OPTION(() => {
      this.CONSUME(kw.range);
      this.SUBRULE2(this.expr);
      this.CONSUME(t.DotDot);
      this.SUBRULE3(this.expr);
    });
  });

  readonly letDecl = this.production("letDecl", () => {
    this.CONSUME(kw.let);
    this.CONSUME(t.Name);
    this.SUBRULE(this.formals);
    this.OPTION(() => [this.CONSUME(t.Arrow), this.SUBRULE(this.type)]);
    this.CONSUME(t.Eq);
    this.SUBRULE(this.expr);
  });

  readonly formals: Rule = this.production("formals", () => {
    const open = this.CONSUME(t.LParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.formal) });
    this.closeGroup(open, t.RParen, () => this.CONSUME(t.RParen));
  });

  readonly formal: Rule = this.production("formal", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.typeRef);
    this.OPTION(() => [this.CONSUME(t.Eq), this.SUBRULE(this.expr)]);
  });

  readonly typeRef: Rule = this.production("typeRef", () => {
    this.SUBRULE(this.path);
    this.OPTION(() => this.CONSUME(t.Question));
  });

  readonly templateDecl = this.production("templateDecl", () => {
    this.CONSUME(kw.template);
    this.CONSUME(t.Name);
    this.SUBRULE(this.formals);
    this.SUBRULE(this.ruleBody);
  });

  readonly overrideDecl = this.production("overrideDecl", () => {
    this.CONSUME(kw.override);
    this.CONSUME(kw.rule);
    this.SUBRULE(this.path);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.overrideItems, () =>
      this.MANY(() => this.guarded(startSets.overrideItems, () => this.SUBRULE(this.overrideItem))),
    );
    this.closeBlock(open);
  });

  readonly overrideItem: Rule = this.production("overrideItem", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.setItem) },
      { ALT: () => this.SUBRULE(this.exceptItem) },
      { ALT: () => this.SUBRULE(this.allowExceptItem) },
      { ALT: () => this.SUBRULE(this.suppressItem) },
      { ALT: () => this.SUBRULE(this.rateItem) },
      { ALT: () => this.SUBRULE(this.resolveItem) },
      { ALT: () => this.SUBRULE(this.subsumesItem) },
      { ALT: () => this.SUBRULE(this.rolloutItem) },
    ]);
  });

  readonly setItem: Rule = this.production("setItem", () => {
    this.CONSUME(kw.set);
    this.CONSUME(t.Word);
    this.CONSUME(t.Eq);
    this.SUBRULE(this.expr);
  });

  // ---------- rules ----------

  readonly ruleDecl = this.production("ruleDecl", () => {
    this.CONSUME(kw.rule);
    this.CONSUME(t.Name);
    this.OPTION1(() => [this.CONSUME(kw.version), this.CONSUME(t.Int)]);
    this.OR({
      DEF: [
        {
          ALT: () => {
            this.CONSUME(t.Eq);
            this.SUBRULE(this.path);
            this.SUBRULE(this.args);
            this.OPTION2(() => this.SUBRULE1(this.ruleBody));
          },
        },
        { ALT: () => this.SUBRULE2(this.ruleBody) },
      ],
    });
  });

  readonly ruleBody: Rule = this.production("ruleBody", () => {
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.ruleItems, () =>
      this.MANY(() => this.guarded(startSets.ruleItems, () => this.SUBRULE(this.ruleItem))),
    );
    this.closeBlock(open);
  });

  readonly ruleItem: Rule = this.production("ruleItem", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.severityItem) },
      { ALT: () => this.SUBRULE(this.textItem) },
      { ALT: () => this.SUBRULE(this.labelsItem) },
      { ALT: () => this.SUBRULE(this.mitreItem) },
      { ALT: () => this.SUBRULE(this.localLet) },
      { ALT: () => this.SUBRULE(this.matchItem) },
      { ALT: () => this.SUBRULE(this.selectItem) },
      { ALT: () => this.SUBRULE(this.skipItem) },
      { ALT: () => this.SUBRULE(this.emitItem) },
      { ALT: () => this.SUBRULE(this.keysItem) },
      { ALT: () => this.SUBRULE(this.onItem) },
      { ALT: () => this.SUBRULE(this.exceptItem) },
      { ALT: () => this.SUBRULE(this.allowExceptItem) },
      { ALT: () => this.SUBRULE(this.explainItem) },
      { ALT: () => this.SUBRULE(this.suppressItem) },
      { ALT: () => this.SUBRULE(this.rateItem) },
      { ALT: () => this.SUBRULE(this.resolveItem) },
      { ALT: () => this.SUBRULE(this.subsumesItem) },
      { ALT: () => this.SUBRULE(this.rolloutItem) },
    ]);
  });

  readonly severityItem: Rule = this.production("severityItem", () => {
    this.CONSUME(kw.severity);
    this.CONSUME1(t.Name);
    this.OPTION(() => {
      this.CONSUME(kw.when);
      this.SUBRULE(this.expr);
      this.CONSUME(kw.else);
      this.CONSUME2(t.Name);
    });
  });

  readonly textItem: Rule = this.production("textItem", () => {
    this.OR([
      { ALT: () => this.CONSUME(kw.doc) },
      { ALT: () => this.CONSUME(kw.runbook) },
      { ALT: () => this.CONSUME(kw.owner) },
    ]);
    this.CONSUME(t.Text);
  });

  readonly labelsItem: Rule = this.production("labelsItem", () => {
    this.CONSUME(kw.labels);
    this.SUBRULE(this.fieldInits);
  });

  readonly mitreItem: Rule = this.production("mitreItem", () => {
    this.CONSUME(kw.mitre);
    const open = this.CONSUME(t.LBracket);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Text) });
    this.closeGroup(open, t.RBracket, () => this.CONSUME(t.RBracket));
  });

  readonly localLet: Rule = this.production("localLet", () => {
    this.CONSUME(kw.let);
    this.CONSUME(t.Name);
    this.CONSUME(t.Eq);
    this.SUBRULE(this.expr);
  });

  readonly matchItem: Rule = this.production("matchItem", () => {
    this.CONSUME(kw.match);
    this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.sequence) },
        { GATE: this.beforeOf, ALT: () => this.SUBRULE(this.allOf) },
        { ALT: () => this.SUBRULE(this.window) },
        { ALT: () => this.SUBRULE(this.absence) },
        { GATE: this.isLabel, ALT: () => this.SUBRULE(this.step) },
      ],
      ERR_MSG: "a pattern: `sequence`, `all of`, `over`, `absent` or a step `name: event`",
      IGNORE_AMBIGUITIES: true,
    });
  });

  readonly sequence: Rule = this.production("sequence", () => {
    this.CONSUME(kw.sequence);
    this.MANY1(() => this.SUBRULE(this.groupHead));
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.steps, () =>
      this.MANY2({
        GATE: () => this.#startsStep(),
        DEF: () => this.guarded(startSets.steps, () => this.SUBRULE(this.seqItem)),
      }),
    );
    this.closeBlock(open);
    this.OPTION(() => [this.CONSUME(kw.until), this.SUBRULE(this.step)]);
  });

  #startsStep(): boolean {
    const type = this.LA(1).tokenType;
    if (this.isLabel() || type === kw.then || type === kw.without) return true;
    // Anything else that looks like a name is let in, unless it begins an enclosing clause.
    return isWord(type) && !this.startsOuterItem();
  }

  readonly allOf: Rule = this.production("allOf", () => {
    this.OR([
      { ALT: () => this.CONSUME(kw.all) },
      { ALT: () => this.CONSUME(kw.any) },
      { ALT: () => this.CONSUME(t.Int) },
    ]);
    this.CONSUME(kw.of);
    this.MANY1(() => this.SUBRULE(this.groupHead));
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.fields, () =>
      this.MANY2({
        GATE: this.isLabel,
        DEF: () => this.guarded(startSets.fields, () => this.SUBRULE1(this.step)),
      }),
    );
    this.closeBlock(open);
    this.OPTION(() => [this.CONSUME(kw.until), this.SUBRULE2(this.step)]);
  });

  readonly groupHead: Rule = this.production("groupHead", () => {
    this.OR([
      { ALT: () => [this.CONSUME(kw.by), this.SUBRULE(this.keyList)] },
      { ALT: () => [this.CONSUME(kw.within), this.SUBRULE1(this.durArg)] },
      { ALT: () => [this.CONSUME(kw.slack), this.SUBRULE2(this.durArg)] },
      { ALT: () => this.CONSUME(kw.strict) },
      { ALT: () => [this.CONSUME(kw.partials), this.SUBRULE(this.numArg)] },
    ]);
  });

  readonly durArg: Rule = this.production("durArg", () => {
    this.OR({
      DEF: [{ ALT: () => this.CONSUME(t.Duration) }, { ALT: () => this.CONSUME(t.Name) }],
      ERR_MSG: "a duration such as `30s`",
    });
  });

  readonly numArg: Rule = this.production("numArg", () => {
    this.OR({
      DEF: [{ ALT: () => this.CONSUME(t.Int) }, { ALT: () => this.CONSUME(t.Name) }],
      ERR_MSG: "a whole number",
    });
  });

  readonly seqItem: Rule = this.production("seqItem", () => {
    this.OR1([
      { ALT: () => [this.CONSUME(kw.without), this.SUBRULE1(this.step)] },
      {
        ALT: () => {
          this.CONSUME(kw.then);
          this.OR2([
            {
              ALT: () => {
                this.CONSUME(kw.no);
                this.SUBRULE2(this.step);
                this.CONSUME(kw.for);
                this.SUBRULE(this.durArg);
              },
            },
            {
              ALT: () => {
                this.OPTION1({ GATE: this.notLabel, DEF: () => this.SUBRULE(this.gap) });
                this.SUBRULE1(this.seqStep);
              },
            },
          ]);
        },
      },
      { ALT: () => this.SUBRULE2(this.seqStep) },
    ]);
  });

  /** `[ "optional" ] step [ repeat ]`. */
  readonly seqStep: Rule = this.production("seqStep", () => {
    this.OPTION1({ GATE: this.notLabel, DEF: () => this.CONSUME(kw.optional) });
    this.SUBRULE(this.step);
    this.OPTION2(() => this.SUBRULE(this.repeat));
  });

  readonly gap: Rule = this.production("gap", () => {
    this.OR([
      { ALT: () => [this.CONSUME(kw.within), this.SUBRULE1(this.durArg)] },
      {
        ALT: () => {
          this.CONSUME(kw.after);
          this.SUBRULE2(this.durArg);
          this.OPTION(() => [this.CONSUME(t.DotDot), this.SUBRULE3(this.durArg)]);
        },
      },
      { ALT: () => this.CONSUME(kw.next) },
    ]);
  });

  readonly repeat: Rule = this.production("repeat", () => {
    this.CONSUME(kw.repeat);
    this.SUBRULE1(this.numArg);
    this.OPTION1(() => {
      this.CONSUME(t.DotDot);
      this.OPTION2({ GATE: this.notLabel, DEF: () => this.SUBRULE2(this.numArg) });
    });
    this.OPTION3(() => [this.CONSUME(kw.keep), this.CONSUME(t.Int)]);
  });

  readonly step: Rule = this.production("step", () => {
    this.SUBRULE(this.bareStep);
    this.OPTION(() => [this.CONSUME(kw.by), this.SUBRULE(this.keyList)]);
  });

  readonly bareStep: Rule = this.production("bareStep", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.AT_LEAST_ONE_SEP({ SEP: t.Bar, DEF: () => this.SUBRULE(this.path) });
    this.OPTION(() => [this.CONSUME(kw.where), this.SUBRULE(this.expr)]);
  });

  readonly keyList: Rule = this.production("keyList", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.key) });
  });

  readonly key: Rule = this.production("key", () => {
    this.OR({
      DEF: [
        { GATE: this.beforeName, ALT: () => [this.CONSUME(kw.same), this.CONSUME(t.Name)] },
        {
          ALT: () => {
            this.postfixOnly();
            this.SUBRULE(this.operand);
            this.OPTION(() => this.CONSUME(t.Question));
          },
        },
      ],
      IGNORE_AMBIGUITIES: true,
    });
  });

  readonly window: Rule = this.production("window", () => {
    this.CONSUME(kw.over);
    this.SUBRULE(this.bareStep);
    this.SUBRULE(this.windowShape);
    this.OPTION1(() => [this.CONSUME(kw.resolution), this.CONSUME(t.Duration)]);
    this.OPTION2(() => [this.CONSUME(kw.by), this.SUBRULE(this.keyList)]);
    this.CONSUME(kw.having);
    this.SUBRULE(this.expr);
  });

  readonly windowShape: Rule = this.production("windowShape", () => {
    this.OR([
      { ALT: () => [this.CONSUME(kw.sliding), this.SUBRULE1(this.durArg)] },
      { ALT: () => [this.CONSUME(kw.tumbling), this.SUBRULE2(this.durArg)] },
      {
        ALT: () => {
          this.CONSUME(kw.hop);
          this.SUBRULE3(this.durArg);
          this.CONSUME(kw.every);
          this.SUBRULE4(this.durArg);
        },
      },
      {
        ALT: () => {
          this.CONSUME(kw.session);
          this.CONSUME(kw.gap);
          this.SUBRULE5(this.durArg);
          this.CONSUME(kw.max);
          this.SUBRULE6(this.durArg);
        },
      },
    ]);
  });

  readonly absence: Rule = this.production("absence", () => {
    this.CONSUME(kw.absent);
    this.SUBRULE(this.bareStep);
    this.CONSUME1(kw.for);
    if (this.#forgetsTime()) {
      this.report({ ...forgottenTime, ...this.here(), fix: this.#insertedTime() });
      this.#ofEach();
      return;
    }
    this.SUBRULE(this.durArg);
    this.OPTION1(() => {
      this.CONSUME2(kw.for);
      this.#ofEach();
    });
  });

  #ofEach(): void {
    this.CONSUME(kw.each);
    this.CONSUME(t.Name);
    this.OPTION2(() => [this.CONSUME(kw.where), this.SUBRULE(this.expr)]);
  }

  /** `for each node` right behind the step: a time called `each` would be followed by no name. */
  #forgetsTime(): boolean {
    if (this.RECORDING_PHASE || this.LA(1).tokenType !== kw.each) return false;
    return t.isOneOf(this.LA(2).tokenType, t.Name);
  }

  #insertedTime() {
    const { start } = this.here();
    const title = "say how long nothing may come: `for 1m for each`";
    return { start, end: start, title, newText: "1m for ", kind: "review" as const };
  }

  readonly selectItem: Rule = this.production("selectItem", () => {
    this.CONSUME(kw.select);
    this.OR([
      { ALT: () => this.CONSUME(kw.tightest) },
      { ALT: () => this.CONSUME(kw.widest) },
      { ALT: () => this.CONSUME(kw.each) },
    ]);
  });

  readonly skipItem: Rule = this.production("skipItem", () => {
    this.CONSUME(kw.skip);
    this.OR([
      { ALT: () => this.CONSUME(kw.past) },
      { ALT: () => this.CONSUME(kw.none) },
      { ALT: () => [this.CONSUME(kw.to), this.CONSUME(t.Name)] },
    ]);
  });

  readonly emitItem: Rule = this.production("emitItem", () => {
    this.CONSUME(kw.emit);
    this.OR([
      { ALT: () => this.CONSUME(kw.final) },
      { ALT: () => this.CONSUME(kw.eager) },
      { ALT: () => this.CONSUME(kw.close) },
    ]);
  });

  readonly keysItem: Rule = this.production("keysItem", () => {
    this.CONSUME(kw.keys);
    this.CONSUME(kw.max);
    this.CONSUME(t.Int);
    this.OPTION(() => {
      this.CONSUME(kw.evict);
      this.OR([
        { ALT: () => this.CONSUME(kw.least_progress) },
        { ALT: () => this.CONSUME(kw.oldest) },
      ]);
    });
  });

  readonly onItem: Rule = this.production("onItem", () => {
    this.CONSUME(kw.on);
    this.OR1([{ ALT: () => this.CONSUME(kw.loss) }, { ALT: () => this.CONSUME(kw.idle) }]);
    this.OR2([
      { ALT: () => this.CONSUME(kw.hold) },
      { ALT: () => this.CONSUME(kw.flag) },
      { ALT: () => this.CONSUME(kw.drop) },
    ]);
  });

  readonly exceptItem: Rule = this.production("exceptItem", () => {
    this.CONSUME(kw.except);
    this.CONSUME1(t.Text);
    this.CONSUME(kw.when);
    this.SUBRULE(this.expr);
    this.OPTION1(() => [this.CONSUME(kw.expires), this.CONSUME2(t.Text)]);
    this.OPTION2(() => [this.CONSUME(kw.owner), this.CONSUME3(t.Text)]);
  });

  readonly allowExceptItem: Rule = this.production("allowExceptItem", () => {
    this.CONSUME(kw.allow);
    this.CONSUME(kw.except);
    this.CONSUME(kw.by);
    const open = this.CONSUME(t.LParen);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.path) });
    this.closeGroup(open, t.RParen, () => this.CONSUME(t.RParen));
  });

  // ---------- outputs ----------

  readonly explainItem: Rule = this.production("explainItem", () => {
    this.CONSUME(kw.explain);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.explainLines, () =>
      this.MANY(() => this.guarded(startSets.explainLines, () => this.SUBRULE(this.explainLine))),
    );
    this.closeBlock(open);
  });

  readonly explainLine: Rule = this.production("explainLine", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.rootLine) },
      { ALT: () => this.SUBRULE(this.impactLine) },
      { ALT: () => this.SUBRULE(this.chainLine) },
      { ALT: () => this.SUBRULE(this.becauseLine) },
      { ALT: () => this.SUBRULE(this.confidenceLine) },
      { ALT: () => this.SUBRULE(this.summaryLine) },
      { ALT: () => this.SUBRULE(this.recommendLine) },
      { ALT: () => this.SUBRULE(this.evidenceLine) },
    ]);
  });

  readonly rootLine: Rule = this.production("rootLine", () => {
    this.CONSUME(kw.root);
    this.postfixOnly();
    this.SUBRULE(this.operand);
    this.OPTION(() => [this.CONSUME(kw.as), this.CONSUME(t.Text)]);
  });

  readonly impactLine: Rule = this.production("impactLine", () => {
    this.CONSUME(kw.impact);
    this.SUBRULE(this.pathList);
    this.OPTION(() => this.SUBRULE(this.fieldInits));
  });

  readonly pathList: Rule = this.production("pathList", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.path) });
  });

  readonly chainLine: Rule = this.production("chainLine", () => {
    this.CONSUME(kw.chain);
    this.AT_LEAST_ONE_SEP({ SEP: t.Arrow, DEF: () => this.SUBRULE(this.path) });
    this.OPTION(() => [this.CONSUME(kw.as), this.CONSUME(t.Text)]);
  });

  readonly becauseLine: Rule = this.production("becauseLine", () => {
    this.CONSUME(kw.because);
    this.SUBRULE1(this.path);
    this.CONSUME(t.Arrow);
    this.SUBRULE2(this.path);
    this.CONSUME(t.Text);
  });

  readonly confidenceLine: Rule = this.production("confidenceLine", () => {
    this.CONSUME(kw.confidence);
    this.CONSUME(t.NumberToken);
    this.MANY(() => this.SUBRULE(this.confidenceTerm));
  });

  readonly confidenceTerm: Rule = this.production("confidenceTerm", () => {
    this.OR([{ ALT: () => this.CONSUME(kw.plus) }, { ALT: () => this.CONSUME(kw.minus) }]);
    this.CONSUME(t.NumberToken);
    this.CONSUME(kw.when);
    this.SUBRULE(this.expr);
  });

  readonly summaryLine: Rule = this.production("summaryLine", () => {
    this.CONSUME(kw.summary);
    this.CONSUME(t.Text);
  });

  readonly recommendLine: Rule = this.production("recommendLine", () => {
    this.CONSUME(kw.recommend);
    this.CONSUME(t.Text);
    this.OPTION(() => [this.CONSUME(kw.when), this.SUBRULE(this.expr)]);
  });

  readonly evidenceLine: Rule = this.production("evidenceLine", () => {
    this.CONSUME(kw.evidence);
    this.SUBRULE(this.pathList);
  });

  readonly suppressItem: Rule = this.production("suppressItem", () => {
    this.CONSUME(kw.suppress);
    this.CONSUME(t.Duration);
    this.OPTION(() => [this.CONSUME(kw.by), this.SUBRULE(this.keyList)]);
  });

  readonly rateItem: Rule = this.production("rateItem", () => {
    this.CONSUME(kw.rate);
    this.CONSUME(t.Int);
    this.CONSUME(kw.per);
    this.CONSUME(t.Duration);
    this.OPTION(() => [this.CONSUME(kw.by), this.SUBRULE(this.keyList)]);
  });

  readonly resolveItem: Rule = this.production("resolveItem", () => {
    this.CONSUME(kw.resolve);
    this.OR([
      { ALT: () => [this.CONSUME(kw.on), this.SUBRULE(this.step)] },
      {
        ALT: () => {
          this.CONSUME(kw.after);
          this.CONSUME(t.Duration);
          this.CONSUME(kw.quiet);
        },
      },
    ]);
  });

  readonly subsumesItem: Rule = this.production("subsumesItem", () => {
    this.CONSUME(kw.subsumes);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Name) });
    this.OPTION1(() => [this.CONSUME(kw.by), this.SUBRULE(this.keyList)]);
    this.OPTION2(() => [this.CONSUME(kw.within), this.CONSUME(t.Duration)]);
  });

  readonly rolloutItem: Rule = this.production("rolloutItem", () => {
    this.CONSUME(kw.rollout);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.rolloutLines, () =>
      this.MANY(() => this.guarded(startSets.rolloutLines, () => this.SUBRULE(this.rolloutLine))),
    );
    this.closeBlock(open);
  });

  readonly rolloutLine: Rule = this.production("rolloutLine", () => {
    this.OR([
      {
        ALT: () => [this.CONSUME(kw.replaces), this.CONSUME(kw.version), this.CONSUME(t.Int)],
      },
      { ALT: () => [this.CONSUME(kw.shadow), this.CONSUME1(t.Duration)] },
      {
        ALT: () => {
          this.CONSUME(kw.canary);
          this.CONSUME(t.Percent);
          this.CONSUME(kw.by);
          this.CONSUME(t.Name);
          this.CONSUME2(t.Duration);
        },
      },
      { ALT: () => [this.CONSUME(kw.abort), this.CONSUME(kw.when), this.SUBRULE(this.expr)] },
    ]);
  });

  // ---------- tests ----------

  readonly testDecl: Rule = this.production("testDecl", () => {
    this.CONSUME(kw.test);
    this.CONSUME(t.Text);
    this.CONSUME(kw.for);
    this.SUBRULE(this.path);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.testItems, () =>
      this.MANY(() => this.guarded(startSets.testItems, () => this.SUBRULE(this.testItem))),
    );
    this.closeBlock(open);
  });

  readonly testItem: Rule = this.production("testItem", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.givenItem) },
      { ALT: () => this.SUBRULE(this.expectItem) },
      { ALT: () => [this.CONSUME(kw.replay), this.CONSUME(t.Text)] },
    ]);
  });

  readonly givenItem: Rule = this.production("givenItem", () => {
    this.CONSUME(kw.given);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.givenLines, () =>
      this.MANY(() => this.guarded(startSets.givenLines, () => this.SUBRULE(this.givenLine))),
    );
    this.closeBlock(open);
  });

  readonly givenLine: Rule = this.production("givenLine", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.entityLine) },
      { ALT: () => this.SUBRULE(this.relateLine) },
      { ALT: () => this.SUBRULE(this.eventLine) },
      { ALT: () => this.SUBRULE(this.sourceLine) },
      { ALT: () => this.SUBRULE(this.advanceLine) },
    ]);
  });

  readonly entityLine: Rule = this.production("entityLine", () => {
    this.CONSUME(kw.entity);
    this.CONSUME1(t.Name);
    this.CONSUME1(t.Text);
    this.OPTION(() => [this.CONSUME(kw.in), this.CONSUME2(t.Name), this.CONSUME2(t.Text)]);
  });

  readonly relateLine: Rule = this.production("relateLine", () => {
    this.CONSUME(kw.relate);
    this.CONSUME1(t.Name);
    this.CONSUME1(t.Text);
    this.CONSUME(t.Arrow);
    this.CONSUME2(t.Name);
    this.CONSUME2(t.Text);
  });

  readonly eventLine: Rule = this.production("eventLine", () => {
    this.CONSUME(kw.at);
    this.CONSUME1(t.Duration);
    this.OPTION1({
      GATE: () => this.LA(2).tokenType === t.Duration,
      DEF: () => {
        this.CONSUME(kw.every);
        this.CONSUME2(t.Duration);
        this.CONSUME(kw.times);
        this.CONSUME(t.Int);
      },
    });
    this.OPTION2({
      GATE: () => this.LA(2).tokenType === t.Duration,
      DEF: () => [this.CONSUME(kw.arriving), this.CONSUME3(t.Duration)],
    });
    this.SUBRULE(this.path);
    this.SUBRULE(this.fieldInits);
  });

  readonly sourceLine: Rule = this.production("sourceLine", () => {
    this.CONSUME(kw.source);
    this.CONSUME(t.Name);
    this.OR([
      { ALT: () => [this.CONSUME(kw.idle), this.CONSUME(kw.from), this.CONSUME1(t.Duration)] },
      {
        ALT: () => {
          this.CONSUME(kw.lost);
          this.CONSUME(t.Int);
          this.CONSUME(kw.at);
          this.CONSUME2(t.Duration);
        },
      },
    ]);
  });

  readonly advanceLine: Rule = this.production("advanceLine", () => {
    this.CONSUME(kw.advance);
    this.CONSUME(kw.to);
    this.CONSUME(t.Duration);
  });

  readonly expectItem: Rule = this.production("expectItem", () => {
    this.CONSUME(kw.expect);
    const open = this.CONSUME(t.LBrace);
    this.loop(startSets.expectLines, () =>
      this.MANY(() => this.guarded(startSets.expectLines, () => this.SUBRULE(this.expectLine))),
    );
    this.closeBlock(open);
  });

  readonly expectLine: Rule = this.production("expectLine", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.findingLine) },
      { ALT: () => this.SUBRULE(this.noFindingLine) },
      { ALT: () => this.SUBRULE(this.nearMissLine) },
      { ALT: () => this.SUBRULE(this.resolvedLine) },
    ]);
  });

  readonly findingLine: Rule = this.production("findingLine", () => {
    this.CONSUME(kw.finding);
    this.CONSUME(t.Name);
    this.OPTION1(() => [this.CONSUME(kw.at), this.CONSUME(t.Duration)]);
    this.OPTION2(() => [this.CONSUME(kw.times), this.CONSUME(t.Int)]);
    this.OPTION3(() => this.SUBRULE(this.checks));
  });

  readonly noFindingLine: Rule = this.production("noFindingLine", () => {
    this.CONSUME(kw.no);
    this.CONSUME(kw.finding);
    this.CONSUME(t.Name);
  });

  readonly nearMissLine: Rule = this.production("nearMissLine", () => {
    this.CONSUME(kw.near_miss);
    this.CONSUME1(t.Name);
    this.OPTION1(() => [this.CONSUME(kw.missing), this.CONSUME2(t.Name)]);
    this.OPTION2(() => this.SUBRULE(this.checks));
  });

  readonly resolvedLine: Rule = this.production("resolvedLine", () => {
    this.CONSUME(kw.resolved);
    this.CONSUME(t.Name);
    this.OPTION(() => [this.CONSUME(kw.at), this.CONSUME(t.Duration)]);
  });

  /** `{ expr, expr … }` behind an expectation. */
  readonly checks: Rule = this.production("checks", () => {
    const open = this.CONSUME(t.LBrace);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expr) });
    this.closeBlock(open);
  });

  // ---------- expressions ----------

  /**
   * A flat run of operands and operators; `build-ast.ts` gives it its shape. Between two `and`/`or`
   * one comparison at most may stand; after `is missing` or `nocase` only `and`/`or` may follow.
   */
  readonly expr: Rule = this.production("expr", () => {
    const part = { isCompared: false, isText: false, isClosed: false };
    this.OPTION1(() => this.SUBRULE1(this.nots));
    this.SUBRULE1(this.operand);
    this.MANY({
      GATE: () => this.notLabel() && this.#continuesExpression(part),
      DEF: () =>
        this.OR1([
          {
            ALT: () => {
              this.CONSUME(t.LogicOp);
              Object.assign(part, { isCompared: false, isText: false, isClosed: false });
              this.OPTION2(() => this.SUBRULE2(this.nots));
              this.SUBRULE2(this.operand);
            },
          },
          { ALT: () => [this.CONSUME(t.ArithmeticOp), this.SUBRULE3(this.operand)] },
          {
            ALT: () => {
              this.#compare(part);
              this.CONSUME(t.CompareOp);
              this.SUBRULE4(this.operand);
            },
          },
          {
            ALT: () => {
              this.#compare(part);
              this.#refuseEq();
              this.CONSUME(t.Eq);
              this.SUBRULE6(this.operand);
            },
          },
          {
            ALT: () => {
              this.#compare(part);
              this.OPTION3(() => this.CONSUME1(kw.not));
              const operator = this.CONSUME(t.TextOp);
              part.isText = operator.tokenType !== kw.in;
              this.SUBRULE5(this.operand);
            },
          },
          {
            ALT: () => {
              this.#compare(part);
              this.CONSUME(kw.is);
              this.OPTION4(() => this.CONSUME2(kw.not));
              this.CONSUME(t.StateWord);
              part.isClosed = true;
            },
          },
          {
            ALT: () => {
              this.CONSUME(kw.as);
              this.CONSUME(t.Name);
              part.isClosed = true;
            },
          },
          {
            ALT: () => {
              this.CONSUME(kw.nocase);
              Object.assign(part, { isClosed: true, isText: false });
            },
          },
        ]),
    });
  });

  #continuesExpression(part: ExpressionPart): boolean {
    const type = this.LA(1).tokenType;
    if (type === kw.nocase) return part.isText;
    if (type === kw.as) return part.isText && !part.isClosed;
    // A second comparison is let in, so that it is refused by name.
    return !part.isClosed || !t.isOneOf(type, t.ArithmeticOp);
  }

  #compare(part: ExpressionPart): void {
    if (this.RECORDING_PHASE) return;
    if (part.isCompared) {
      const operator = this.LA(1).image;
      this.refuse({ code: "TAP1020", params: { operator }, ...this.here() });
    }
    part.isCompared = true;
  }

  /** `=` between two values can only be meant as `==`, and is read so after it was reported. */
  #refuseEq(): void {
    if (this.RECORDING_PHASE) return;
    const place = this.here();
    const fix = { ...place, title: "replace it with `==`", newText: "==" };
    const params = { found: "`=`", expected: "`==`" };
    this.report({ code: "TAP1001", params, ...place, help: "to compare, write `==`", fix });
  }

  /** One `not` after the other: counted, because each becomes a level of the tree. */
  readonly nots: Rule = this.production("nots", () => {
    let count = 0;
    this.AT_LEAST_ONE(() => {
      this.CONSUME(kw.not);
      count += 1;
      this.#limitPrefixes(count);
    });
  });

  #limitPrefixes(count: number): void {
    if (this.RECORDING_PHASE || this.allowsPrefixes(count)) return;
    this.refuse({ code: "TAP1010", params: { limit: NESTING_MAX }, ...this.here() });
  }

  /** Made once, as operands are what most of a file consists of; gates only where a name stands. */
  readonly #named: OrMethodOpts<unknown> = {
    DEF: [
      { GATE: this.beforeQuantifier, ALT: () => this.SUBRULE(this.quantified) },
      { GATE: this.beforeParen, ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.CONSUME1(t.Name) },
    ],
    IGNORE_AMBIGUITIES: true,
  };

  /** Most operands are a name alone, which is no choice. */
  #name(): void {
    if (this.RECORDING_PHASE || this.beforeParen()) this.OR3(this.#named);
    else this.CONSUME1(t.Name);
  }

  readonly #primary: OrMethodOpts<unknown> = {
    DEF: [
      { ALT: () => this.#name() },
      { ALT: () => this.CONSUME(t.Text) },
      { ALT: () => this.CONSUME(t.NumberToken) },
      { ALT: () => this.CONSUME(t.Duration) },
      { ALT: () => this.CONSUME(t.Size) },
      { ALT: () => this.CONSUME(t.Percent) },
      { ALT: () => this.CONSUME(t.Rate) },
      { ALT: () => this.CONSUME(kw.true) },
      { ALT: () => this.CONSUME(kw.false) },
      { ALT: () => this.CONSUME(kw.missing) },
      { ALT: () => this.SUBRULE(this.group) },
      { ALT: () => this.SUBRULE(this.listLiteral) },
    ],
    ERR_MSG: "an expression",
  };

  /** `{ "-" } [ "has" ] primary { "." WORD | "[" expr "]" }`. */
  readonly operand: Rule = this.production("operand", () => {
    let minuses = 0;
    this.MANY1(() => {
      this.CONSUME(t.Minus);
      minuses += 1;
      this.#limitPrefixes(minuses);
    });
    this.OPTION(() => this.CONSUME(kw.has));
    this.OR1(this.#primary);
    this.MANY2(() =>
      this.OR2([
        { ALT: () => [this.CONSUME(t.Dot), this.fieldName(), this.CONSUME(t.Word)] },
        { ALT: () => this.SUBRULE(this.index) },
      ]),
    );
  });

  readonly group: Rule = this.production("group", () => {
    const open = this.CONSUME(t.LParen);
    this.nested(() => this.SUBRULE(this.expr));
    this.closeGroup(open, t.RParen, () => this.CONSUME(t.RParen));
  });

  readonly index: Rule = this.production("index", () => {
    const open = this.CONSUME(t.LBracket);
    this.nested(() => this.SUBRULE(this.expr));
    this.closeGroup(open, t.RBracket, () => this.CONSUME(t.RBracket));
  });

  readonly listLiteral: Rule = this.production("listLiteral", () => {
    const open = this.CONSUME(t.LBracket);
    this.nested(() => this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expr) }));
    this.closeGroup(open, t.RBracket, () => this.CONSUME(t.RBracket));
  });

  readonly quantified: Rule = this.production("quantified", () => {
    this.OR([
      { ALT: () => this.CONSUME(kw.any) },
      { ALT: () => this.CONSUME(kw.all) },
      { ALT: () => this.CONSUME(kw.none) },
      { ALT: () => this.CONSUME(kw.count) },
    ]);
    const open = this.CONSUME(t.LParen);
    this.CONSUME(t.Name);
    this.CONSUME(kw.in);
    this.nested(() => {
      this.SUBRULE1(this.expr);
      this.CONSUME(t.Colon);
      this.SUBRULE2(this.expr);
    });
    this.closeGroup(open, t.RParen, () => this.CONSUME(t.RParen));
  });

  readonly call: Rule = this.production("call", () => {
    this.CONSUME(t.Name);
    this.SUBRULE(this.args);
  });

  readonly args: Rule = this.production("args", () => {
    const open = this.CONSUME(t.LParen);
    this.nested(() => this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.arg) }));
    this.closeGroup(open, t.RParen, () => this.CONSUME(t.RParen));
  });

  readonly arg: Rule = this.production("arg", () => {
    this.OPTION({
      GATE: this.isLabel,
      DEF: () => [this.CONSUME(t.Name), this.CONSUME(t.Colon)],
    });
    this.SUBRULE(this.expr);
  });

  readonly path: Rule = this.production("path", () => {
    this.CONSUME(t.Name);
    this.MANY(() => [this.CONSUME(t.Dot), this.fieldName(), this.CONSUME(t.Word)]);
  });
}
