/** The unit in which values of a field type are written. */
import type { Unit } from "./ir/index.ts";
import type { FieldType } from "./schema.ts";

export function unitOf(type: FieldType): Unit {
  switch (type.t) {
    case "string":
    case "enum":
      return "text";
    case "u32":
    case "int":
      return "int";
    case "cidr":
      return "ip";
    case "list":
      return unitOf(type.item.type);
    case "map":
      return { key: unitOf(type.key), value: unitOf(type.value.type) };
    case "record":
      return { members: type.members.map((m) => ({ name: m.name, unit: unitOf(m.type) })) };
    default:
      return type.t;
  }
}
