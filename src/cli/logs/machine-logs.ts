import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "#cli/frame/context.ts";
import { wantsColor } from "#cli/render/color.ts";
import { endOnAbort } from "#cli/terminal/relay.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { waitContainer } from "#engine/containers.ts";
import { readLogs } from "#engine/logs.ts";
import { BerthError, hasCode } from "#errors.ts";
import { openCommand } from "#ops/machine/machine-command.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { consoleQuery, journalCommand, journalOnly, type LogRequest } from "./log-request.ts";
import { jsonSink, parseConsoleLine, parseJournalLine, textSink } from "./log-sink.ts";

export interface LogView {
  readonly context: Context;
  readonly engine: Engine;
  readonly request: LogRequest;
  /** What stands before each line; nothing when one machine is shown alone. */
  readonly prefix: (machine: { readonly name: string }) => string;
}

/**
 * Shows a machine's journal; with a note its console if it does not run or keeps no journal. Following ends
 * when it stops. Resolves to the exit status.
 */
export async function showJournal(view: LogView, machine: Machine): Promise<number> {
  const { name, state, init } = machine;
  if (state !== "running") return showConsoleInstead(view, machine, `${name} does not run`);
  if (init !== undefined && !/^systemd\b/.test(init))
    return showConsoleInstead(view, machine, `${name} runs ${init} and keeps no journal`);
  const status = await runJournalctl(view, machine);
  return status ?? showConsoleInstead(view, machine, `${name} has no journalctl`);
}

async function showConsoleInstead(view: LogView, machine: Machine, reason: string): Promise<number> {
  const [flag] = journalOnly(view.request);
  if (flag !== undefined) {
    throw new BerthError("conflict", `${reason}: ${flag} needs a journal`, {
      hint: `show its console: berth logs --console ${machine.name}`,
    });
  }
  view.context.note(`${reason}: this is the log of its console`);
  return showConsole(view, machine);
}

/** Resolves to journalctl's exit status, or to nothing when the machine has no journalctl. */
async function runJournalctl(
  { context, engine, request, prefix }: LogView,
  machine: Machine,
): Promise<number | undefined> {
  const { io, global, signal } = context;
  const color = !request.json && wantsColor(io.stdoutIsTerminal, global.noColor, io.env);
  const env = color ? ["SYSTEMD_COLORS=1"] : [];
  const running = await openCommand(
    engine,
    machine,
    { cmd: journalCommand(request), user: "0", env, stdin: false, tty: false },
    signal,
  );
  const ender = endOnAbort(context, machine, running, false);
  const sink = request.json
    ? jsonSink(context, machine.name, parseJournalLine)
    : textSink(context, prefix(machine));
  try {
    for await (const chunk of running.output) await sink.push(chunk);
    await sink.end();
    const { status, refusal } = await running.outcome();
    if (signal.aborted) return 130;
    if (refusal !== undefined) return undefined;
    if (!request.follow || !(await hasStopped(engine, machine, signal))) return status;
    context.note(`${machine.name} has stopped`);
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    if (!(error instanceof BerthError)) await ender.end("PIPE");
    throw error;
  } finally {
    await ender.settled();
    running.close();
  }
}

/**
 * Milliseconds. A machine that stops ends journalctl first. systemd then waits in vain for a process that is
 * not its child, usually until the engine kills it (after 10 s by default).
 */
const stopTime = 15_000;

/** Whether the machine stops now. */
async function hasStopped(engine: Engine, machine: Machine, signal: AbortSignal): Promise<boolean> {
  const done = new AbortController();
  const stopped = waitContainer(engine, machine.id, { signal: AbortSignal.any([signal, done.signal]) }).then(
    () => true,
    (error: unknown) => {
      // Removed as soon as it stopped.
      if (hasCode(error, "not-found")) return true;
      if (done.signal.aborted) return false;
      throw error;
    },
  );
  try {
    return await Promise.race([stopped, sleep(stopTime, false, { signal: done.signal })]);
  } finally {
    done.abort();
  }
}

/**
 * Shows the engine's log of a machine's console. Following ends when the machine stops. Resolves to the exit
 * status.
 */
export async function showConsole(
  { context, engine, request, prefix }: LogView,
  machine: Machine,
): Promise<number> {
  const { signal } = context;
  const sink = request.json
    ? jsonSink(context, machine.name, parseConsoleLine)
    : textSink(context, prefix(machine));
  try {
    for await (const chunk of await readLogs(engine, machine.id, {
      ...consoleQuery(request, new Date()),
      signal,
    }))
      await sink.push(chunk);
    await sink.end();
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
  if (request.follow && machine.state === "running") context.note(`${machine.name} has stopped`);
  return 0;
}
