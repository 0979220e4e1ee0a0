/** What a bundle is about; `bundle.ts` puts its own in place of this. */

export const mutantCount: number = 0;

/** By id of a mutant the number of its file. */
export const mutantFiles: readonly number[] = [];

/** By that number the path of the file. */
export const mutatedPaths: readonly string[] = [];

/** Files of tests, and how each is loaded. */
export const testFiles: readonly (readonly [path: string, load: () => Promise<unknown>])[] = [];
