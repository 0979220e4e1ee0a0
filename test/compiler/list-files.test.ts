/** `list … from "file" max N`: what the lines of a file stand for, and what is said about them. */
import { describe, expect, test } from "vitest";
import { compile } from "#compiler";
import { schemaFile } from "./fixtures.ts";

/** What `declaration` makes of a file with `text`: the items of the list, or the messages. */
function read(declaration: string, field: string, text: string | undefined) {
  const source = `module m\nimport fixture.schema\n${declaration}\nrule r { match e: ${field.split(":")[0]} where e.${field.split(":")[1]} in l }\n`;
  const asked: string[] = [];
  const { unit, diagnostics } = compile([schemaFile, { file: "rules/a.tapio", text: source }], {
    std: [],
    version: "test",
    readFile: (path, from) => {
      asked.push(`${from} ${path}`);
      return text;
    },
  });
  const pattern = unit.rules[0]?.pattern;
  const where = pattern?.node === "seq" ? pattern.steps[0]?.step.where : undefined;
  const items = where?.op === "in" ? where.set.map((x) => (x.op === "const" ? x.value : x)) : [];
  return { items, asked, messages: diagnostics.map((d) => `${d.code} ${d.message}`) };
}

describe("a list from a file", () => {
  const texts = 'list l: string(16) from "names.txt" max 3';

  test("has one item in each line; comments and empty lines are none", () => {
    const { items, asked, messages } = read(
      texts,
      "proc.exec:comm",
      "# names\n\nsh # shell\r\n a b \n",
    );
    expect(messages).toEqual([]);
    expect(items).toEqual(["sh", "a b"]);
    expect(asked).toEqual(["rules/a.tapio names.txt"]);
  });

  test.each([
    ["ip", "net.fail:peer", "10.0.0.1\n::1", [0xffff0a000001n, 1n]],
    ["port", "net.fail:port", "80\n443", [80, 443]],
    ["int", "proc.exit:code", "-1\n0", [-1, 0]],
    ["id64", "proc.exec:cgroup", "18446744073709551615", [18446744073709551615n]],
    ["percent", "net.fail:share", "5%\n12.5%", [50_000, 125_000]],
    ["duration", "proc.exit:took", "1m30s", [90_000_000]],
    ["size", "proc.oom:rss", "64MiB", [67_108_864]],
    ["enum { memcg, global }", "proc.oom:scope", "memcg", ["memcg"]],
  ])("holds values of type %s", (type, field, text, expected) => {
    const found = read(`list l: ${type} from "f" max 9`, field, text);
    expect(found.messages).toEqual([]);
    expect(found.items).toEqual(expected);
  });

  test.each([
    ["ip", "net.fail:peer", "10.0.0.1\n10.0.0\n", "line 2, `10.0.0`, is not an address"],
    ["port", "net.fail:port", "80\n\n70000", "line 3, `70000`, is not a port"],
    ["int", "proc.exit:code", "1] where x", "line 1, `1] where x`, is not a number"],
    ["u32", "proc.exit:pid", "-1", "line 1, `-1`, is not a number"],
    ["duration", "proc.exit:took", "5MiB", "line 1, `5MiB`, is not a duration"],
    [
      "enum { memcg, global }",
      "proc.oom:scope",
      "memcgs",
      "line 1, `memcgs`, is not one of memcg, global",
    ],
  ])("refuses what is no %s, with its line", (type, field, text, reason) => {
    const found = read(`list l: ${type} from "f" max 9`, field, text);
    expect(found.messages).toEqual([`TAP2039 the list \`f\` cannot be used: ${reason}`]);
  });

  test("is bounded", () => {
    const found = read(texts, "proc.exec:comm", "a\nb\nc\nd\n");
    expect(found.messages).toEqual([
      "TAP2039 the list `names.txt` cannot be used: it has 4 items, and `max` is 3",
    ]);
  });

  test("must be there", () => {
    expect(read(texts, "proc.exec:comm", undefined).messages).toEqual([
      "TAP2039 the list `names.txt` cannot be used: it cannot be read",
    ]);
  });
});

describe("strict", () => {
  const text =
    "module m\nimport fixture.schema\nrule r { match e: proc.exit where e.signal != 9 }\n";
  const compiled = (isStrict: boolean) =>
    compile([schemaFile, { file: "a.tapio", text }], { std: [], version: "test", isStrict });

  test("makes an unguarded optional an error", () => {
    expect(compiled(false).diagnostics.map((d) => [d.code, d.severity])).toEqual([
      ["TAP2101", "warning"],
    ]);
    expect(compiled(false).unit.rules).toHaveLength(1);
    expect(compiled(true).diagnostics.map((d) => [d.code, d.severity])).toEqual([
      ["TAP2101", "error"],
    ]);
    expect(compiled(true).hasErrors).toBe(true);
  });
});
