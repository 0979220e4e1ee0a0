/**
 * The socket on which a running node answers `tapio why-not`: a request is one line of JSON, the
 * answer a line of JSON that says what it is of, then the lines of a recording.
 *
 *     why-not                      node
 *        {"ask":"recent"}   ──►
 *                           ◄──    {"tapio":"recent", bundle, since, lines, …}
 *                           ◄──    lines of a recording
 *
 * Only the user the node runs as may connect. One client is served at a time, in pieces, so that
 * the node goes on judging in between.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileProblem, UsageError } from "#core";
import type { GivenUp } from "#runtime/engine";

/** What the lines that follow are of. */
export interface RecentHead {
  /** Hash of the bundle, and where the node read it. */
  readonly bundle: string;
  readonly path: string;
  /** As they were given to the node, `name=value`. */
  readonly params: readonly string[];
  readonly pid: number;
  /** Everything of after this time is there, µs. */
  readonly sinceUs: number;
  readonly lines: number;
  readonly givenUp: readonly GivenUp[];
}

export interface Recent {
  readonly head: Omit<RecentHead, "lines">;
  readonly count: number;
  readonly lines: Iterable<string>;
}

const requestMax = 4096;
const headMax = 1 << 20;
/** A client that says or takes nothing for so long is given up, ms. */
const silenceMs = 10_000;
/** Text handed to the socket at a time. */
const pieceChars = 1 << 16;
/** What the kernel takes as the path of a socket. */
const pathMax = 107;

/** Where a node with this `--state` listens; undefined where there is no place for it. */
export function socketPath(stateFolder: string | undefined): string | undefined {
  const { XDG_RUNTIME_DIR: own } = process.env;
  const folder =
    stateFolder ?? (own ? join(own, "tapio") : process.getuid?.() === 0 ? "/run/tapio" : undefined);
  return folder && join(folder, "tapio.sock");
}

/** Another node listens there. */
export class SocketTaken extends Error {}

/** Listens at `path`; returns how to end it. Rejects with the reason when it cannot. */
export async function listen(path: string, recent: () => Recent): Promise<() => Promise<void>> {
  if (Buffer.byteLength(path) > pathMax)
    throw new Error(`the path ${path} is longer than ${pathMax} bytes`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (await isAnswered(path)) throw new SocketTaken(`another tapio answers at ${path}`);
  rmSync(path, { force: true });
  let client: Socket | undefined;
  const server = createServer((socket) => {
    client = socket;
    void serve(socket, recent);
  });
  server.maxConnections = 1;
  await bound(server, path);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      client?.destroy();
    });
}

/** Nobody else may connect, not even in between. */
async function bound(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
      process.umask(before);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  server.unref();
}

/** Whether a node listens at `path`. */
export async function isAnswered(path: string): Promise<boolean> {
  const socket = createConnection(path);
  const isConnected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return isConnected;
}

async function serve(socket: Socket, recent: () => Recent): Promise<void> {
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  try {
    const line = await firstLine(socket, requestMax);
    const { ask } = JSON.parse(line.text) as { readonly ask: unknown };
    if (ask !== "recent") throw new Error("nothing else can be asked");
    await pipeline(Readable.from(pieces(recent())), socket);
  } catch {
    socket.destroy();
  }
}

function* pieces({ head, count, lines }: Recent): Generator<string> {
  let piece = `${JSON.stringify({ tapio: "recent", ...head, lines: count })}\n`;
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < pieceChars) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/** Reads up to the end of the first line; what follows stays in the socket. */
async function firstLine(socket: Socket, max: number): Promise<{ readonly text: string }> {
  let read = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) throw new Error("it ended too early");
      await new Promise<void>((resolve) => {
        for (const event of ["readable", "end", "close"]) socket.once(event, () => resolve());
      });
      continue;
    }
    read = Buffer.concat([read, chunk]);
    const end = read.indexOf(10);
    if (end > max || (end < 0 && read.length > max)) throw new Error("the line is too long");
    if (end < 0) continue;
    if (end + 1 < read.length) socket.unshift(read.subarray(end + 1));
    return { text: read.subarray(0, end).toString() };
  }
}

/** Asks the node that listens at `path`. Rejects with `UsageError` when none answers. */
export async function askNode(
  path: string,
): Promise<{ readonly head: RecentHead; readonly stream: Readable }> {
  const socket = createConnection(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    socket.setTimeout(silenceMs, () => socket.destroy(new Error("it does not answer")));
    socket.write(`${JSON.stringify({ ask: "recent" })}\n`);
    const { text } = await firstLine(socket, headMax);
    return { head: JSON.parse(text) as RecentHead, stream: socket };
  } catch (error) {
    socket.destroy();
    throw new UsageError(
      `no running tapio answers at ${path}: ${whyNoAnswer(error)}`,
      "name the --state folder it was started with, or recordings; two cannot ask at once",
    );
  }
}

function whyNoAnswer(error: unknown): string {
  const isLeftBehind = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
  return isLeftBehind ? "the one that listened there has ended" : fileProblem(error);
}
