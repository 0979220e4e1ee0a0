/** TAP6xxx: kernel and back ends. */
import { entry } from "./entry.ts";

export const kernel = {
  TAP6001: entry<{ what: string }>({
    slug: "not-supported-yet",
    severity: "error",
    message: (p) => `${p.what} is not supported yet`,
    help: () =>
      "this part of the language is parsed and formatted, but cannot be compiled by this version",
    explanation:
      "The grammar is ahead of the compiler. A form that cannot be run yet is refused, never ignored.",
    bad: "module demo.rules\nrule r {\n  match absent e: k8s.lease for 40s\n}\n",
    good: "module demo.rules\nrule r {\n  match e: k8s.lease\n}\n",
  }),
};
