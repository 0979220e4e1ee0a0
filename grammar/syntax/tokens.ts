/**
 * The tokens of the language and the lexer.
 *
 * The first character says what begins (blanks, comment, string, word, number, punctuation,
 * anything else) and `scan.ts` where it ends; words are then looked up in a table, and numbers are
 * told apart by reading them. So the cost per token does not grow with the number of keywords.
 *
 *   Word ── reserved word            may stand only where the grammar says so, after `.`, as a
 *    │                               field name, map key or enum member
 *    └── Name ── contextual keyword  a keyword where the grammar expects one, else a name
 *          └──── plain               never a keyword
 *
 * A string is one token with its prefix (`re"…"`). Comments and blanks are not tokens: they are
 * the gaps between tokens, and `tree.ts` names their pieces on demand.
 */
import { createToken, Lexer, type TokenType } from "chevrotain";
import { readNumber } from "./numbers.ts";
import {
  isDigit,
  isWordStart,
  scanBlank,
  scanComment,
  scanNumber,
  scanString,
  scanUnknown,
  scanWord,
  stringQuoteAt,
} from "./scan.ts";

/** Words that can never be the name of something an author declares. */
export const reservedWords = [
  "absent",
  "after",
  "allow",
  "and",
  "as",
  "at",
  "because",
  "by",
  "contains",
  "derive",
  "else",
  "emit",
  "endswith",
  "except",
  "expect",
  "expires",
  "explain",
  "extends",
  "false",
  "for",
  "from",
  "given",
  "has",
  "having",
  "import",
  "in",
  "keep",
  "let",
  "like",
  "match",
  "matches",
  "missing",
  "module",
  "no",
  "not",
  "or",
  "over",
  "override",
  "pub",
  "recommend",
  "relation",
  "repeat",
  "replaces",
  "resolve",
  "rollout",
  "rule",
  "select",
  "sequence",
  "skip",
  "startswith",
  "subsumes",
  "suppress",
  "template",
  "test",
  "then",
  "true",
  "until",
  "when",
  "where",
  "within",
  "without",
] as const;

/** Words that are keywords only where the grammar expects them. */
export const contextualWords = [
  "abort",
  "advance",
  "all",
  "any",
  "arriving",
  "canary",
  "chain",
  "close",
  "confidence",
  "count",
  "doc",
  "drop",
  "each",
  "eager",
  "entity",
  "enum",
  "event",
  "every",
  "evict",
  "evidence",
  "fanout",
  "final",
  "finding",
  "flag",
  "gap",
  "granularity",
  "hold",
  "hop",
  "idle",
  "impact",
  "incomplete",
  "is",
  "key",
  "keys",
  "labels",
  "lateness",
  "least_progress",
  "list",
  "loss",
  "lossy",
  "lost",
  "map",
  "max",
  "minus",
  "mitre",
  "near_miss",
  "next",
  "nocase",
  "none",
  "of",
  "oldest",
  "on",
  "optional",
  "owner",
  "param",
  "partials",
  "past",
  "pattern",
  "per",
  "plus",
  "quiet",
  "range",
  "rank",
  "rate",
  "relate",
  "replay",
  "resolution",
  "resolved",
  "root",
  "runbook",
  "same",
  "session",
  "set",
  "severity",
  "shadow",
  "slack",
  "sliding",
  "source",
  "strict",
  "summary",
  "tightest",
  "times",
  "to",
  "tumbling",
  "uncertain",
  "version",
  "widest",
] as const;

export type ReservedWord = (typeof reservedWords)[number];
export type ContextualWord = (typeof contextualWords)[number];
export type Keyword = ReservedWord | ContextualWord;

function category(name: string, ...parents: TokenType[]): TokenType {
  return createToken({ name, pattern: Lexer.NA, categories: parents });
}

/** Any word at all. */
export const Word = category("Word");
/** A word that may name something: not reserved. */
export const Name = category("Name", Word);
/** A word that is not a keyword anywhere. */
export const PlainName = category("PlainName", Name);

export const NumberToken = category("Number");
export const Int = category("Int", NumberToken);
export const Duration = category("Duration");
export const Size = category("Size");
export const Percent = category("Percent");
export const Rate = category("Rate");
/** A number that was reported already: it stands wherever any number may, to keep the peace. */
export const BadNumber = category("BadNumber", Int, NumberToken, Duration, Size, Percent, Rate);

/** Operators by what they do: `and or`, `?? + - * /`, `== < …`, `in contains …`. */
export const LogicOp = category("LogicOp");
export const ArithmeticOp = category("ArithmeticOp");
export const CompareOp = category("CompareOp");
export const TextOp = category("TextOp");
/** What `is` asks about. */
export const StateWord = category("StateWord");

const roleOf: Readonly<Partial<Record<Keyword, TokenType>>> = {
  and: LogicOp,
  or: LogicOp,
  in: TextOp,
  contains: TextOp,
  startswith: TextOp,
  endswith: TextOp,
  matches: TextOp,
  like: TextOp,
  missing: StateWord,
  uncertain: StateWord,
  incomplete: StateWord,
};

function keywordType(word: Keyword, kind: TokenType): readonly [Keyword, TokenType] {
  const role = roleOf[word];
  return [word, role ? category(`"${word}"`, kind, role) : category(`"${word}"`, kind)];
}

/** The token type of each keyword. */
export const keyword = Object.fromEntries([
  ...reservedWords.map((word) => keywordType(word, Word)),
  ...contextualWords.map((word) => keywordType(word, Name)),
]) as Readonly<Record<Keyword, TokenType>>;

const keywordOf: ReadonlyMap<string, TokenType> = new Map(Object.entries(keyword));
const reservedSet: ReadonlySet<string> = new Set(reservedWords);

/** Whether a word is a keyword anywhere. */
export function isKeyword(word: string): boolean {
  return keywordOf.has(word);
}

/** Whether a word can never be a declared name. */
export function isReserved(word: string): boolean {
  return reservedSet.has(word);
}

/** Whether a token type belongs to a category such as `ArithmeticOp`. */
export function isOneOf(type: TokenType, parent: TokenType): boolean {
  return parent.categoryMatches?.includes(type.tokenTypeIdx ?? -1) ?? false;
}

/** Whether a token type is a keyword, and its text. */
export function keywordText(type: TokenType): string | undefined {
  return type.name.startsWith('"') ? type.name.slice(1, -1) : undefined;
}

function punctuation(name: string, text: string, ...parents: TokenType[]): TokenType {
  return createToken({ name, pattern: Lexer.NA, label: text, categories: parents });
}

export const LBrace = punctuation("LBrace", "{");
export const RBrace = punctuation("RBrace", "}");
export const LParen = punctuation("LParen", "(");
export const RParen = punctuation("RParen", ")");
export const LBracket = punctuation("LBracket", "[");
export const RBracket = punctuation("RBracket", "]");
export const Comma = punctuation("Comma", ",");
export const Colon = punctuation("Colon", ":");
export const DotDot = punctuation("DotDot", "..");
export const Dot = punctuation("Dot", ".");
export const Arrow = punctuation("Arrow", "->");
export const EqEq = punctuation("EqEq", "==", CompareOp);
export const NotEq = punctuation("NotEq", "!=", CompareOp);
export const LessEq = punctuation("LessEq", "<=", CompareOp);
export const GreaterEq = punctuation("GreaterEq", ">=", CompareOp);
export const Less = punctuation("Less", "<", CompareOp);
export const Greater = punctuation("Greater", ">", CompareOp);
export const Eq = punctuation("Eq", "=");
export const Coalesce = punctuation("Coalesce", "??", ArithmeticOp);
export const Question = punctuation("Question", "?");
export const Plus = punctuation("Plus", "+", ArithmeticOp);
export const Minus = punctuation("Minus", "-", ArithmeticOp);
export const Star = punctuation("Star", "*", ArithmeticOp);
export const Slash = punctuation("Slash", "/", ArithmeticOp);
export const Bar = punctuation("Bar", "|");
export const At = punctuation("At", "@");
/** A lone `!`: known to the lexer so that the message can say `not`. */
export const Bang = punctuation("Bang", "!");

export const Text = category("String");

const punctuationTypes = [
  LBrace,
  RBrace,
  LParen,
  RParen,
  LBracket,
  RBracket,
  Comma,
  Colon,
  DotDot,
  Dot,
  Arrow,
  EqEq,
  NotEq,
  LessEq,
  GreaterEq,
  Less,
  Greater,
  Eq,
  Coalesce,
  Question,
  Plus,
  Minus,
  Star,
  Slash,
  Bar,
  At,
  Bang,
];

/** By first character, the longest first: `..` is never two dots. */
const punctuationFrom: ReadonlyMap<string, readonly TokenType[]> = new Map(
  punctuationTypes.map(({ LABEL = "" }) => [
    LABEL.charAt(0),
    punctuationTypes
      .filter((type) => type.LABEL?.startsWith(LABEL.charAt(0)))
      .sort((a, b) => (b.LABEL?.length ?? 0) - (a.LABEL?.length ?? 0)),
  ]),
);

/** Every token type the parser can meet. */
export const parserVocabulary: TokenType[] = [
  Word,
  Name,
  PlainName,
  LogicOp,
  ArithmeticOp,
  CompareOp,
  TextOp,
  StateWord,
  NumberToken,
  Int,
  Duration,
  Size,
  Percent,
  Rate,
  BadNumber,
  ...Object.values(keyword),
  ...punctuationTypes,
  Text,
];

/** A piece of source the lexer set aside. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

export interface RawToken extends Piece {
  readonly type: TokenType;
  readonly image: string;
  /** A string without its closing quote. */
  readonly isOpen: boolean;
}

export interface RawTokens {
  readonly tokens: readonly RawToken[];
  /** Comments without an end: at most one, the last. */
  readonly openComments: readonly Piece[];
  /** Runs of characters that belong to nothing in the language. */
  readonly unknown: readonly Piece[];
}

const numberTypes = {
  int: Int,
  number: NumberToken,
  duration: Duration,
  size: Size,
  percent: Percent,
  rate: Rate,
  bad: BadNumber,
} as const;

/** Cuts `text` into tokens. Total: whatever is not a token is a gap, and gaps tile with tokens. */
export function lex(text: string): RawTokens {
  const tokens: RawToken[] = [];
  const openComments: Piece[] = [];
  const unknown: Piece[] = [];
  for (let at = scanBlank(text, 0); at < text.length; at = scanBlank(text, at)) {
    const start = at;
    const comment = scanComment(text, start);
    if (comment !== undefined) {
      at = comment.end;
      if (!comment.isClosed) openComments.push({ start, end: at });
      continue;
    }
    const token = tokenAt(text, start);
    at = token?.end ?? scanUnknown(text, start);
    if (token === undefined) unknown.push({ start, end: at });
    else tokens.push(token);
  }
  return { tokens, openComments, unknown };
}

/** The token that begins at `start`; undefined when none does. */
function tokenAt(text: string, start: number): RawToken | undefined {
  const code = text.charCodeAt(start);
  const quote = stringQuoteAt(text, start);
  if (quote !== undefined) {
    const { end, isClosed } = scanString(text, quote);
    return { type: Text, image: text.slice(start, end), start, end, isOpen: !isClosed };
  }
  if (isWordStart(code)) {
    const end = scanWord(text, start);
    const image = text.slice(start, end);
    return { type: keywordOf.get(image) ?? PlainName, image, start, end, isOpen: false };
  }
  if (isDigit(code)) {
    const end = scanNumber(text, start);
    const image = text.slice(start, end);
    return { type: numberTypes[readNumber(image).type], image, start, end, isOpen: false };
  }
  const types = punctuationFrom.get(text.charAt(start));
  const type = types?.find(({ LABEL = "" }) => text.startsWith(LABEL, start));
  if (type === undefined) return undefined;
  const image = type.LABEL ?? "";
  return { type, image, start, end: start + image.length, isOpen: false };
}
