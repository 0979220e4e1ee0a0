/** `in_network(address, network)`. */
import { parseCidr } from "../ir/index.ts";
import type { Builtin } from "./builtin.ts";

export const inNetwork: Builtin = {
  name: "in_network",
  params: [
    { name: "address", unit: "ip" },
    { name: "network", unit: "text" },
  ],
  returns: "bool",
  doc: "Whether `address` is in `network`, a text such as `10.0.0.0/8`; of a parameter of type `cidr`, `address in network` says it too. Missing when the text is no network.",
  examples: [
    'in_network(ip"10.1.2.3", "10.0.0.0/8")',
    'not in_network(ip"192.168.0.1", "10.0.0.0/8")',
    'in_network(ip"fe80::1", "fe80::/10")',
    'in_network(ip"10.1.2.3", "10.0.0.0/33") is missing',
  ],
  eval: ([address, network]) => {
    const known = parseCidr(String(network));
    if (typeof address !== "bigint" || !known) return undefined;
    const shift = BigInt(128 - known.prefixBits);
    return address >> shift === known.base >> shift;
  },
  kernel: "which network is known only when the rule is armed",
};
