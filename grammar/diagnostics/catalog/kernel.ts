/** TAP6xxx: kernel and back ends. */
import { entry } from "./entry.ts";

export const kernel = {
  TAP6001: entry<{ what: string }>({
    slug: "not-supported-yet",
    severity: "error",
    message: (p) => `${p.what} is not supported yet`,
    help: () => "take it out, or say it with the forms that `tapioc explain TAP6001` lists",
    explanation:
      "The grammar is ahead of the compiler: every form is parsed and formatted, but a form that " +
      "cannot be run yet is refused, never ignored. What runs: a single event; `sequence` with " +
      "`by`, `within`, `strict`, `partials`, gaps, `repeat`, `optional`, `without`, `then no … " +
      "for …` and `until`; `over … sliding … having` with lower bounds on `count` and " +
      "`distinct`; `let`, `list`, `param`, `pattern`; `explain`, `suppress`, `keys max` and tests.",
    bad: "module demo.rules\nrule r {\n  match absent e: k8s.lease for 40s\n}\n",
    good: "module demo.rules\nrule r {\n  match e: k8s.lease\n}\n",
  }),
};
