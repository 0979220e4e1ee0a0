/** TAP7xxx: bundles and signatures. */
import { entry } from "./entry.ts";

export const bundle = {
  TAP7001: entry<{ reason: string }>({
    slug: "bundle-refused",
    severity: "error",
    message: (p) => `bundle refused: ${p.reason}`,
    explanation:
      "A bundle is checked as a whole before anything in it is used: magic, length, hash, format and record layout.",
  }),
};
