/** `tapio doctor`: what this machine can do, and what is missing for the rest. */
import { release } from "node:os";
import { type EventWriter, exitCodes, type Unavailable } from "#core";
import { loadNative } from "#native";
import { findMemoryHierarchy } from "#runtime/entity";
import { probeEbpf } from "#runtime/sources/ebpf";
import { createJournaldSource } from "#runtime/sources/journald";
import { JournalEntry } from "../events/event.gen.ts";

interface Check {
  readonly name: string;
  readonly detail: string;
  readonly missing?: Unavailable;
  /** Without it live kernel events are impossible. */
  readonly isVital: boolean;
}

export async function doctorCommand(format: "pretty" | "json"): Promise<number> {
  const checks = [
    nodeCheck(),
    addonCheck(),
    ...kernelChecks(),
    memoryCheck(),
    await journalCheck(),
  ];
  if (format === "json")
    process.stdout.write(`${JSON.stringify({ format: 1, checks }, null, 2)}\n`);
  else for (const c of checks) process.stdout.write(`${line(c)}\n`);
  const isLacking = checks.some((c) => c.isVital && c.missing);
  if (format === "pretty") {
    process.stdout.write(
      isLacking
        ? "live kernel events: no; rules can still be compiled, tested and run on recordings\n"
        : "live kernel events: yes\n",
    );
  }
  return isLacking ? exitCodes.environment : exitCodes.ok;
}

function line(c: Check): string {
  if (!c.missing) return `ok       ${c.name}: ${c.detail}`;
  return `missing  ${c.name}: ${c.missing.reason}\n         help: ${c.missing.help}`;
}

function nodeCheck(): Check {
  const detail = `${process.version} on ${process.platform} ${process.arch}, kernel ${release()}`;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isOld = major < 20 || (major === 20 && minor < 19);
  return {
    name: "node",
    detail,
    isVital: true,
    ...(isOld
      ? {
          missing: { reason: `${process.version} is too old`, help: "install Node 20.19 or newer" },
        }
      : {}),
  };
}

function addonCheck(): Check {
  const native = loadNative();
  return {
    name: "native addon",
    detail: "loads",
    isVital: true,
    ...(native.ok ? {} : { missing: { reason: native.reason, help: native.help } }),
  };
}

function kernelChecks(): Check[] {
  const probe = probeEbpf();
  if (!probe.ok) return [{ name: "eBPF", detail: "", isVital: true, missing: probe.unavailable }];
  const types = {
    name: "eBPF",
    detail: `${probe.btfTypes} types read in ${probe.btfMs.toFixed(0)} ms`,
    isVital: true,
  };
  const hooks = probe.hooks.map(
    (h): Check => ({
      name: `kernel.${h.hook}`,
      isVital: false,
      detail: `${h.tracepoint ?? "?"}: ${h.instructions} instructions, loaded in ${h.loadMs.toFixed(1)} ms`,
      ...(h.unavailable ? { missing: h.unavailable } : {}),
    }),
  );
  return [types, ...hooks];
}

function memoryCheck(): Check {
  const found = findMemoryHierarchy();
  const name = "memory cgroups";
  if (found) return { name, detail: `${found.version} at ${found.mountPoint}`, isVital: false };
  return {
    name,
    detail: "",
    isVital: false,
    missing: {
      reason: "no mounted cgroup hierarchy has the memory controller",
      help: "events name processes, not cgroups; mount cgroup2 to change that",
    },
  };
}

/** Starts the journal source for a moment: what it says is what `tapio run` would say. */
async function journalCheck(): Promise<Check> {
  const source = createJournaldSource({ kind: JournalEntry, from: "now" });
  const missing = await source.start({
    writer: nobody,
    progress: () => undefined,
    warn: () => undefined,
    ended: () => undefined,
  });
  if (!missing) await source.stop();
  return { name: "journal", detail: "readable", isVital: false, ...(missing ? { missing } : {}) };
}

/** Takes events and forgets them. */
const nobody: EventWriter = {
  begin: () => undefined,
  setNumber: () => undefined,
  setId64: () => undefined,
  setIp: () => undefined,
  setText: () => undefined,
  setCollection: () => undefined,
  commit: () => true,
};
