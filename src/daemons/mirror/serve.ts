import { openSync, rmSync } from "node:fs";
import { calls } from "../../host/mirror/calls.ts";
import type { Connection } from "../../host/mirror/connection.ts";
import { Caller, listen } from "../../host/mirror/listener.ts";
import { type MirrorRequest, mirrorSocket } from "../../host/mirror/request.ts";
import { Mirrors } from "./mirrors.ts";
import { Recovery } from "./recovery.ts";

/** poll(2) */
const [readable, priority] = [1, 2];
/** prctl(2), capabilities(7): capabilities stay when the file system's user changes. */
const [setSecureBits, noSetuidFixup] = [28, 4];
/** Somebody's lease is looked at again after so many milliseconds. */
const leaseMs = 200;
/** What the engine has looked at is let go. */
const holdMs = 100;
/** And machines of which a mirror is missing. */
const recoveryMs = 1_000;
/** How long the next request is looked for after an answer, and how long others wait for their turn at most. */
const [nextRequestMs, longestTurnMs] = [0.2, 5];
/** How long one is waited for who has had the server started. */
const firstCallerMs = 10_000;

/** Something that is waited for, and what is done when it happens. */
interface Source {
  readonly file: number;
  readonly event: number;
  readonly act: () => void;
}

/**
 * Serves the mirrors of this host, which the engine sees in the place of its own mounts, until there is none any more; nothing where
 * another does. `ready` is called when they can be asked for. One
 * thread that answers one request after the other, each of which is a few system calls on a local file system.
 */
export function serveMirrors(ready: () => void): void {
  calls.umask(0);
  calls.prctl(setSecureBits, noSetuidFixup, 0, 0, 0);
  const socket = listen();
  const server = socket === undefined ? undefined : new Server(socket);
  ready();
  if (server === undefined) return;
  while (!server.isDone) server.turn();
  // Without it the next start knows that none runs.
  rmSync(mirrorSocket, { force: true });
}

class Server {
  readonly #mirrors = new Mirrors();
  readonly #recovery = new Recovery(this.#mirrors);
  readonly #socket: number;
  readonly #mounts = openSync("/proc/self/mountinfo", "r");
  readonly #callers = new Set<Caller>();
  /** Who has started the server has not asked yet. */
  #awaitedUntil = performance.now() + firstCallerMs;
  /** Made anew when one comes or goes, which is rare beside requests. */
  #sources: readonly Source[] = [];
  #polled = new Int32Array(0);
  #seen: readonly unknown[] = [];

  constructor(socket: number) {
    this.#socket = socket;
    this.#recovery.begin();
  }

  get isDone(): boolean {
    const isIdle = this.#mirrors.isEmpty && this.#callers.size === 0 && !this.#recovery.isMissing;
    return isIdle && performance.now() >= this.#awaitedUntil;
  }

  /** Waits for something to happen and does what it calls for. */
  turn(): void {
    this.#collect();
    const sources = this.#sources;
    calls.poll(this.#polled, sources.length, this.#limit());
    for (let index = 0; index < sources.length; index += 1) if ((this.#polled[2 * index + 1] ?? 0) >>> 16 !== 0) sources[index]?.act();
    for (const connection of this.#mirrors.connections) {
      if (connection.isWaiting) connection.retry();
      if (connection.isHolding) connection.letGo();
    }
    this.#mirrors.settle();
    if (this.#recovery.isMissing) this.#recovery.look();
  }

  #collect(): void {
    const seen = [this.#mirrors.connections, this.#mirrors.endings, this.#callers.size];
    if (seen.every((part, index) => part === this.#seen[index])) return;
    this.#seen = seen;
    this.#sources = [
      // What an engine mounts over a mirror is covered before anyone reads it.
      { file: this.#mounts, event: priority, act: () => this.#mirrors.cover() },
      ...this.#mirrors.connections.map((connection) => ({
        file: connection.device,
        event: readable,
        act: () => this.#serve(connection),
      })),
      // Looked at after each turn.
      ...this.#mirrors.endings.flatMap(({ end }) => (end === undefined ? [] : [{ file: end.file, event: readable, act: () => {} }])),
      ...[...this.#callers].map((caller) => ({ file: caller.file, event: readable, act: () => this.#listenTo(caller) })),
      { file: this.#socket, event: readable, act: () => this.#accept() },
    ];
    this.#polled = new Int32Array(this.#sources.flatMap(({ file, event }) => [file, event]));
  }

  /** In milliseconds; -1 for no limit. */
  #limit(): number {
    let limit = Number.POSITIVE_INFINITY;
    for (const connection of this.#mirrors.connections) {
      if (connection.isWaiting) limit = Math.min(limit, leaseMs);
      if (connection.isHolding) limit = Math.min(limit, holdMs);
    }
    if (this.#mirrors.isHolding) limit = Math.min(limit, recoveryMs);
    if (this.#recovery.isMissing) limit = Math.min(limit, recoveryMs);
    if (this.#mirrors.isEmpty) limit = Math.min(limit, this.#awaitedUntil - performance.now());
    for (const { until } of this.#mirrors.endings) limit = Math.min(limit, until - performance.now());
    return limit === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(limit));
  }

  /**
   * Answers what the engine asks of a mirror, and looks for more for a moment: whoever walks a tree asks again as soon as he has an answer,
   * and to be woken each time takes longer than the answers.
   */
  #serve(connection: Connection): void {
    const begin = performance.now();
    for (let last = begin, now = begin; now - last < nextRequestMs && now - begin < longestTurnMs; now = performance.now()) {
      const served = connection.serve();
      if (served === "gone") {
        // A machine that lives gets its mirror again, whoever has unmounted it.
        if (this.#mirrors.lose(connection)) this.#recovery.begin();
        return;
      }
      if (served === "answered") last = performance.now();
      else calls.sched_yield();
    }
  }

  #accept(): void {
    for (let caller = Caller.accept(this.#socket); caller !== undefined; caller = Caller.accept(this.#socket)) this.#callers.add(caller);
  }

  #listenTo(caller: Caller): void {
    const line = caller.read();
    if (line === undefined) return;
    this.#callers.delete(caller);
    if (line === null) {
      caller.close();
      return;
    }
    this.#awaitedUntil = 0;
    try {
      this.#carryOut(JSON.parse(line) as MirrorRequest, caller);
    } catch (error) {
      caller.answer(error instanceof Error ? error.message : String(error));
    }
  }

  #carryOut(request: MirrorRequest, caller: Caller): void {
    switch (request.do) {
      case "release":
        this.#mirrors.release(request.state, () => caller.answer());
        return;
      case "look":
        this.#recovery.begin();
        break;
      case "clear":
        this.#mirrors.clear(request.place);
        break;
      case "show":
        this.#mirrors.show(request.plan, request.pid, request.root);
    }
    caller.answer();
  }
}
