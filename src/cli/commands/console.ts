import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { write } from "#cli/frame/io.ts";
import { parseLines } from "#cli/logs/log-request.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { createDetachScanner, type DetachKeys, parseDetachKeys } from "#cli/terminal/detach-keys.ts";
import { isInteractive, takeTerminal, terminalSize } from "#cli/terminal/terminal.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, resizeContainer } from "#engine/containers.ts";
import { attachContainer, readLogs } from "#engine/logs.ts";
import { BerthError } from "#errors.ts";
import { noDetachKeys, type TerminalSize } from "#ops/machine/machine-command.ts";
import { findMachine } from "#ops/machine/machines.ts";
import { requireRunning } from "#ops/machine/running.ts";
import type { Machine } from "#plan/machine/machine.ts";

export const command = defineCommand({
  name: "console",
  summary: "Connect to a machine's console",
  description: `
    Connects the terminal to /dev/console of a running machine, where its init writes and often asks for a
    login. Every key goes to the machine, Ctrl-C too.

    Press Ctrl-] three times within a second to leave. The machine keeps running, also when berth is
    interrupted.

    With --detach-keys, press a single key three times, or several keys (example: ctrl-p,ctrl-q) one after
    another.`,
  arguments: [{ name: "name", description: "machine", completes: "machine" }],
  options: {
    detachKeys: {
      value: "KEYS",
      description: "keys that leave the console",
      default: "ctrl-]",
      parse: parseNamedKeys,
    },
    lines: {
      short: "n",
      value: "N",
      description: "lines of its log to show first",
      default: "10",
      parse: parseLines,
    },
  },
  examples: [
    { command: "berth console web", description: "log in on the console" },
    { command: "berth console --detach-keys ctrl-p,ctrl-q web", description: "leave as docker attach does" },
  ],
  async action(context, { name }, { detachKeys, lines }) {
    if (context.global.json || !isInteractive(context.io)) {
      throw new BerthError("usage", "a console needs a terminal", {
        hint: `read its log instead: berth logs --console ${name}`,
      });
    }
    const engine = await openContextEngine(context);
    const machine = await findMachine(engine, name, context.signal);
    requireRunning(machine);
    const { Config } = await inspectContainer(engine, machine.id, { signal: context.signal });
    if (!Config.Tty)
      throw new BerthError("conflict", `${name} has no console: it was created without a terminal`);
    if (!Config.OpenStdin)
      context.warn(`${name} was created without standard input: its console takes no keys`);
    context.note(`Connected to the console of ${name}. ${leaveHint(detachKeys)} to leave.`);
    const left = await attend(context, engine, machine, detachKeys, lines);
    context.note(left ? `\nLeft the console of ${name}; it keeps running.` : `\n${name} has stopped.`);
    return context.io.signal.aborted ? 130 : undefined;
  },
});

/** Shows the console and passes keys on. Resolves to whether we left, rather than the machine. */
async function attend(
  context: Context,
  engine: Engine,
  machine: Machine,
  { keys }: NamedKeys,
  lines: number | "all",
): Promise<boolean> {
  const { io, signal } = context;
  const { id } = machine;
  if (lines !== 0) {
    for await (const { data } of await readLogs(engine, id, {
      ...(lines !== "all" && { tail: lines }),
      tty: true,
      signal,
    }))
      await write(io.stdout, data);
  }
  const session = await attachContainer(engine, id, {
    stdin: true,
    tty: true,
    detachKeys: noDetachKeys,
    signal,
  });
  const scan = createDetachScanner(keys);
  let left = false;
  // Ignore a failed resize: the machine has just stopped, which ends the output.
  const resize = (size: TerminalSize) =>
    resizeContainer(engine, id, { ...size, signal }).catch(() => undefined);
  const giveBack = takeTerminal(
    io,
    (bytes) => {
      const { forward, detached } = scan(bytes, io.now());
      if (forward.length > 0) session.duplex.write(forward);
      if (!detached) return;
      left = true;
      session.close();
    },
    (size) => void resize(size),
  );
  try {
    // A program that draws the whole screen does so again when the size changes, and only then.
    const { height, width } = terminalSize(io);
    await resize({ height: height + 1, width: width + 1 });
    await resize({ height, width });
    for await (const { data } of session.output) await write(io.stdout, data);
  } catch (error) {
    if (!left && !io.signal.aborted) throw error;
    left = true;
  } finally {
    giveBack();
    session.close();
  }
  return left || (await inspectContainer(engine, id)).State.Running;
}

interface NamedKeys {
  readonly text: string;
  readonly keys: DetachKeys;
}

function parseNamedKeys(text: string): NamedKeys {
  return { text, keys: parseDetachKeys(text) };
}

function leaveHint({ text, keys }: NamedKeys): string {
  const shown = text
    .replace(/ctrl-(.)/gi, (_, key: string) => `Ctrl-${key.toUpperCase()}`)
    .replaceAll(",", " ");
  return `Press ${shown}${Number.isFinite(keys.within) ? " three times within a second" : ""}`;
}
