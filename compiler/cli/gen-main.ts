/** Entry of `npm run gen`. */
import { runGen } from "./gen.ts";

process.exit(runGen(process.cwd(), process.argv.includes("--check")));
