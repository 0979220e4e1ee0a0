/** What a bundle is about; `bundle.ts` puts its own in place of this. */

export const mutantCount: number = 0;

/** Files of tests, and how each is loaded. */
export const testFiles: readonly (readonly [path: string, load: () => Promise<unknown>])[] = [];
