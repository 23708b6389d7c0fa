import { openSync, rmSync } from "node:fs";
import { clearDirectories } from "#host/mirror/decoy.ts";
import { Caller, listen } from "#host/mirror/listener.ts";
import type { MirrorRequest } from "#host/mirror/request.ts";
import type { ShownFiles } from "#host/mirror/shown-files.ts";
import { calls } from "#host/syscall/mirror-calls.ts";
import { mirrorSocket } from "#oci/machine-state.ts";
import { Faults } from "./faults.ts";
import { Mirrors } from "./mirrors.ts";
import { Recovery, readPlan } from "./recovery.ts";

/** poll(2) */
const [readable, priority] = [1, 2];
/** Interval in milliseconds of the search for machines without their mirror. */
const recoveryMs = 1_000;
/** Interval in milliseconds of the check for stuck answers, while any process answers. */
const keepMs = 1_000;
/** How long one is waited for who has had the server started. */
const firstCallerMs = 10_000;

/** A descriptor to poll, and the action when it is readable. */
interface Source {
  readonly file: number;
  readonly event: number;
  readonly act: () => void;
}

/**
 * Maintains this host's mirrors, which the engine sees in place of its own mounts, until none remains. Does
 * nothing if another server runs. Calls `ready` when it accepts requests. Never touches a machine's file
 * system itself: each machine has its own process for that, so a machine can block only its own. A failure of
 * one machine ends neither the server nor other mirrors: it is logged, or returned to the caller.
 */
export function serveMirrors(ready: () => void): void {
  const socket = listen();
  const server = socket === undefined ? undefined : new Server(socket);
  ready();
  if (server === undefined) return;
  while (!server.isDone) server.turn();
  // Without it the next start knows that none runs.
  rmSync(mirrorSocket, { force: true });
}

class Server {
  readonly #faults = new Faults();
  readonly #mirrors = new Mirrors(this.#faults);
  readonly #recovery = new Recovery(this.#mirrors, this.#faults);
  readonly #socket: number;
  readonly #mounts = openSync("/proc/self/mountinfo", "r");
  readonly #callers = new Set<Caller>();
  /** Who has started the server has not asked yet. */
  #awaitedUntil = performance.now() + firstCallerMs;

  /** When those who answer are looked at next. */
  #keptUntil = 0;

  constructor(socket: number) {
    this.#socket = socket;
    this.#faults.within("the server", clearDirectories, undefined);
    this.#recovery.begin();
  }

  get isDone(): boolean {
    const isIdle = this.#mirrors.isEmpty && this.#callers.size === 0 && !this.#recovery.isMissing;
    return isIdle && performance.now() >= this.#awaitedUntil;
  }

  /** Waits for something to happen and does what it calls for. */
  turn(): void {
    const sources = this.#sources();
    const polled = new Int32Array(sources.flatMap(({ file, event }) => [file, event]));
    calls.poll(polled, sources.length, this.#limit());
    for (const [index, source] of sources.entries()) {
      if ((polled[2 * index + 1] ?? 0) >>> 16 !== 0) this.#faults.within("the server", source.act, undefined);
    }
    this.#faults.within("the server", () => this.#keepTime(), undefined);
    this.#mirrors.settle();
    if (this.#recovery.isMissing) this.#recovery.look();
  }

  #sources(): readonly Source[] {
    return [
      // What an engine mounts over a mirror is covered before anyone reads it.
      { file: this.#mounts, event: priority, act: () => this.#mirrors.cover() },
      ...this.#mirrors.shownFiles.map((files) => ({
        file: files.file,
        event: readable,
        act: () => this.#act(files),
      })),
      ...this.#mirrors.decoys.mounting.map(({ ended, finish }) => ({
        file: ended,
        event: readable,
        act: finish,
      })),
      // Looked at after each turn.
      ...this.#mirrors.endings.flatMap(({ end }) =>
        end === undefined || end.hasEnded() ? [] : [{ file: end.file, event: readable, act: () => {} }],
      ),
      ...this.#mirrors.left.all.map(({ process }) => ({
        file: process.ended,
        event: readable,
        act: () => this.#recovery.resume(this.#mirrors.left.reap()),
      })),
      ...[...this.#callers].map((caller) => ({
        file: caller.file,
        event: readable,
        act: () => this.#listenTo(caller),
      })),
      { file: this.#socket, event: readable, act: () => this.#accept() },
    ];
  }

  /** In milliseconds; -1 for no limit. */
  #limit(): number {
    let limit = Number.POSITIVE_INFINITY;
    if (this.#mirrors.shownFiles.some(({ isAnswering }) => isAnswering))
      limit = Math.min(limit, this.#keptUntil - performance.now());
    if (this.#mirrors.isBeginning) limit = Math.min(limit, recoveryMs);
    if (this.#recovery.isMissing) limit = Math.min(limit, recoveryMs);
    if (this.#mirrors.isEmpty) limit = Math.min(limit, this.#awaitedUntil - performance.now());
    limit = Math.min(limit, this.#mirrors.decoys.until - performance.now());
    for (const { until } of this.#mirrors.endings) limit = Math.min(limit, until - performance.now());
    return limit === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(limit));
  }

  /** Restore the mirror of a running machine, whoever has unmounted it. */
  #act(files: ShownFiles): void {
    const isOfUse = this.#faults.within("a machine's process", () => files.act(), false);
    if (!isOfUse && this.#mirrors.lose(files)) this.#recovery.begin();
  }

  /** The process limits its own time, but a wait in the kernel may keep it from ending. */
  #keepTime(): void {
    if (performance.now() < this.#keptUntil) return;
    this.#keptUntil = performance.now() + keepMs;
    if (this.#mirrors.loseStuck()) this.#recovery.begin();
  }

  #accept(): void {
    for (let caller = Caller.accept(this.#socket); caller !== undefined; caller = Caller.accept(this.#socket))
      this.#callers.add(caller);
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
      caller.answer(this.#faults.say("a request", error));
    }
  }

  #carryOut(request: MirrorRequest, caller: Caller): void {
    switch (request.do) {
      case "release":
        this.#mirrors.release(
          request.state,
          () => readPlan(request.state),
          (error) => caller.answer(error),
        );
        return;
      case "look":
        this.#recovery.begin();
        break;
      case "decoy":
        this.#mirrors.meetEngine(request.by, request.thread, () => caller.answer());
        return;
      case "clear":
        this.#mirrors.clear(request.place);
        break;
      case "show":
        this.#mirrors.show(request.plan, request.pid, request.root);
    }
    caller.answer();
  }
}
