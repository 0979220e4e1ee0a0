/**
 * What a source file may cost. Each limit has its own diagnostic that names it and the way out.
 */

/** Longest file, in UTF-16 code units: 4 Mi. A longer one is kept whole but not parsed. */
export const FILE_LENGTH_MAX = 4 * 1024 * 1024;

/** Deepest nesting of parentheses, brackets, list types and prefix operators together. */
export const NESTING_MAX = 128;

/**
 * Deepest expression tree, counting a chain `a or b or c …` (or `a.b.c …`) as one level per link:
 * later passes recurse over expressions, and this is what keeps them off the end of the stack.
 */
export const EXPRESSION_DEPTH_MAX = 1000;

/** Syntax errors after which the rest of a file is skipped. */
export const SYNTAX_ERRORS_MAX = 200;
