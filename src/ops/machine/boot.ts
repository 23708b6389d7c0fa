import { setTimeout as sleep } from "node:timers/promises";
import { captureText, sizeOf } from "#api/capture.ts";
import type { ContainerInspect } from "#api/container.ts";
import { type InitKind, initKindOf, isInitKind } from "#contract/init.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { outputBytes } from "#engine/connection/output.ts";
import { inspectContainer, topContainer } from "#engine/containers.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { readLogs } from "#engine/logs.ts";
import { BerthError, hasCode } from "#errors.ts";
import type { StartedProcess } from "#host/process/process-stat.ts";
import { label } from "#labels/machine.ts";
import { programOf } from "./guest-probe.ts";
import { findLocalInit, readSystemdProgress } from "./local-init.ts";

/** How a machine's boot ended. */
export interface Boot {
  /** systemd's own word (`systemctl is-system-running`), or `running` for inits that have none. */
  readonly state: "running" | "degraded";
  /** Empty unless degraded. */
  readonly failedUnits: readonly FailedUnit[];
}

export interface FailedUnit {
  readonly unit: string;
  readonly description: string;
  /** Its last journal lines of this boot. */
  readonly lines: readonly string[];
}

export interface BootOptions {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Waits until a started machine has booted. Throws `boot-failed` with the console's last lines when it ended
 * instead, `boot-timeout` with the jobs that still run.
 */
export async function waitBooted(
  engine: Engine,
  id: string,
  name: string,
  options: BootOptions,
): Promise<Boot> {
  const deadline = AbortSignal.timeout(options.timeout);
  const signal = AbortSignal.any([options.signal, deadline]);
  try {
    const container = await inspectContainer(engine, id, { signal });
    if (!container.State.Running) throw await bootFailed(engine, id, name, container.State.ExitCode, signal);
    const kind = await readInitKind(engine, container, signal);
    // The other inits say nothing of how far they are.
    if (kind !== "systemd") return { state: "running", failedUnits: [] };
    await waitForBus(engine, id, name, signal);
    return await waitForSystemd(engine, id, name, signal);
  } catch (error) {
    if (!deadline.aborted || options.signal.aborted) throw error;
    throw new BerthError(
      "boot-timeout",
      `${name} has not finished booting after ${Math.round(options.timeout / 1000)} s`,
      {
        hint: `see what it waits for: berth exec ${name} systemctl list-jobs`,
        details: { jobs: await listJobs(engine, id, options.signal) },
      },
    );
  }
}

/** Time between two looks at a machine that has not come up yet. */
const pollMs = 25;
/** The same by /proc, which costs next to nothing. */
const localPollMs = 10;

/**
 * Which init the machine runs, told by the program itself. Where berth wrote all the labels, they save the
 * look; before it gave machines a word of their own, they may be the image's.
 */
async function readInitKind(
  engine: Engine,
  container: ContainerInspect,
  signal: AbortSignal,
): Promise<InitKind | undefined> {
  const { Labels = {} } = container.Config;
  // A loader's, which says nothing of the init of an image.
  const isLoaders = container.HostConfig.NetworkMode?.startsWith("container:") ?? false;
  const isTold = Boolean(Labels?.[isLoaders ? label.root : label.creation]);
  const known = isTold ? Labels?.[label.init] : undefined;
  if (isInitKind(known)) return known;
  const command = [container.Path, ...container.Args];
  const program = await programOf(engine, container.Id, command, signal);
  return initKindOf(command, { program, has: () => true });
}

/**
 * A systemd may have its bus elsewhere one day: after so long in its scope, systemctl is asked all the same.
 */
const busLimitMs = 2000;

/**
 * Waits until systemd has left the root of the machine's cgroup. A command run in the machine before that
 * would sit in that root, where cgroup v2 then allows no controllers, so we look from outside. Where /proc
 * shows the machine, this waits for systemd's bus, too: to ask before that is in vain, and costs the boot the
 * time that starting a process takes.
 */
async function waitForBus(engine: Engine, id: string, name: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { State } = await inspectContainer(engine, id, { signal });
    if (!State.Running || State.Restarting) throw await bootFailed(engine, id, name, State.ExitCode, signal);
    const init =
      engine.endpoint.kind === "unix" ? findLocalInit(engine.endpoint.path, State.Pid, id) : undefined;
    if (init === undefined ? await isInScope(engine, id, signal) : await waitForLocalBus(init, signal))
      return;
    await sleep(pollMs, undefined, { signal });
  }
}

/** False when PID 1 has ended. */
async function waitForLocalBus(init: StartedProcess, signal: AbortSignal): Promise<boolean> {
  for (let inScope = 0; ; inScope += localPollMs) {
    const progress = readSystemdProgress(init);
    if (progress === undefined) return false;
    if (progress === "on-bus" || inScope >= busLimitMs) return true;
    if (progress === "early") inScope = 0;
    await sleep(localPollMs, undefined, { signal });
  }
}

/**
 * By the engine's own ps(1). False, too, of a machine that has ended since it was looked at, or begins anew:
 * the next look says so.
 */
async function isInScope(engine: Engine, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { Processes } = await topContainer(engine, id, { psArgs: "-eo pid,cgroup:1024", signal });
    return (Processes ?? []).some((fields) => fields[1]?.includes("/init.scope"));
  } catch (error) {
    if (hasCode(error, "conflict")) return false;
    throw error;
  }
}

/** What the engine gives for a command that it could not start; systemctl itself ends with neither. */
const cannotRun = 126;
const notThere = 127;

/** A machine that is ending takes no command any more, a moment before the engine calls it ended. */
const mostRefusals = 10;
/** Bytes: a word, or why systemctl could not be run. */
const longestState = 4096;
const refusalPauseMs = 200;

async function waitForSystemd(engine: Engine, id: string, name: string, signal: AbortSignal): Promise<Boot> {
  for (let refusals = 0; ; ) {
    const { status, stdout, isCut } = await execInMachine(
      engine,
      id,
      name,
      ["systemctl", "is-system-running", "--wait"],
      signal,
    );
    if (isCut) {
      throw new BerthError(
        "boot-failed",
        `${name} runs, but its systemctl is not systemd's: it says more than ${sizeOf(longestState)}`,
        {
          hint: `look at it: berth exec ${name} systemctl --version`,
        },
      );
    }
    if (status === cannotRun || status === notThere) {
      const { State } = await inspectContainer(engine, id, { signal });
      if (!State.Running) throw await bootFailed(engine, id, name, State.ExitCode, signal);
      refusals += 1;
      if (refusals > mostRefusals) {
        throw new BerthError(
          "boot-failed",
          `${name} runs, but commands cannot be run in it: ${stdout.trim()}`,
          { details: { status } },
        );
      }
      await sleep(refusalPauseMs, undefined, { signal });
      continue;
    }
    const state = stdout.trim();
    if (state === "running") return { state, failedUnits: [] };
    if (state === "degraded") return { state, failedUnits: await readFailedUnits(engine, id, signal) };
    if (state === "maintenance") {
      throw new BerthError("boot-failed", `${name} has fallen into rescue or emergency mode`, {
        hint: `look around in it: berth shell ${name}, and its journal: berth logs -b ${name}`,
        details: { units: await readFailedUnits(engine, id, signal) },
      });
    }
    // Not on its bus yet, or `--wait` is older than this systemd (before 240) and says starting at once.
    await sleep(pollMs, undefined, { signal });
  }
}

/**
 * A machine that ends while it boots must be told as such, and one whose end the engine has not noticed yet
 * must be asked again.
 */
async function execInMachine(
  engine: Engine,
  id: string,
  name: string,
  cmd: readonly string[],
  signal: AbortSignal,
) {
  try {
    return await execCapture(engine, id, { cmd, most: longestState, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const { State } = await inspectContainer(engine, id, { signal });
    if (!State.Running) throw await bootFailed(engine, id, name, State.ExitCode, signal);
    if (!hasCode(error, "conflict") && !hasCode(error, "engine-api") && !hasCode(error, "engine-refused"))
      throw error;
    return { status: cannotRun, stdout: error.message, isCut: false };
  }
}

const mostUnits = 10;
/** Some five of them are init's own. */
const linesPerUnit = 10;

/** The failed units of a machine with their last journal lines since it was started. */
export async function readFailedUnits(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<readonly FailedUnit[]> {
  const list = [
    "systemctl",
    "list-units",
    "--state=failed",
    "--all",
    "--plain",
    "--full",
    "--no-legend",
    "--no-pager",
  ];
  const { stdout } = await execCapture(engine, id, { cmd: list, signal });
  const units = parseUnits(stdout);
  if (units.length === 0) return [];
  // What a unit said last may still be on its way into the journal (journalctl(1)); one too old to know this
  // has it soon.
  await execCapture(engine, id, { cmd: ["journalctl", "--sync"], signal });
  const last = [`--since=@${await readBegin(engine, id, signal)}`, "--lines", String(linesPerUnit)];
  const failed: FailedUnit[] = [];
  for (const { unit, description } of units.slice(0, mostUnits)) {
    const journal = ["journalctl", "--unit", unit, ...last, "--output=cat", "--no-pager", "--quiet"];
    const { stdout: text } = await execCapture(engine, id, { cmd: journal, most: longestTail, signal });
    failed.push({ unit, description, lines: text.split("\n").filter((line) => line !== "") });
  }
  return failed;
}

/**
 * The units of `systemctl list-units`, with what they are. All of a line fits, carriage returns too, so that
 * none is gone through again.
 */
export function parseUnits(list: string): readonly { readonly unit: string; readonly description: string }[] {
  return list.split("\n").flatMap((line) => {
    const [, unit, description = ""] = /^(\S+)\s+\S+\s+\S+\s+\S+\s*(.*)$/s.exec(line.trim()) ?? [];
    return unit === undefined ? [] : [{ unit, description }];
  });
}

/**
 * When a machine's boot began at the earliest, in seconds of Unix time: when the one before ended, by which
 * boots are told apart. To the journal they are all one, of the host's boot id, and the engine's StartedAt is
 * a moment late, unless the clock was set back since.
 */
async function readBegin(engine: Engine, id: string, signal: AbortSignal): Promise<number> {
  const { State } = await inspectContainer(engine, id, { signal });
  return Math.max(0, Math.min(Date.parse(State.FinishedAt), Date.parse(State.StartedAt)) / 1000);
}

/** None of a machine that does not answer either. */
async function listJobs(engine: Engine, id: string, signal: AbortSignal): Promise<readonly string[]> {
  const cmd = ["systemctl", "list-jobs", "--no-legend", "--no-pager"];
  const listed = await inTime(5000, signal, (bounded) => execCapture(engine, id, { cmd, signal: bounded }));
  return listed?.stdout.split("\n").filter((line) => line.trim() !== "") ?? [];
}

/** Bytes of a log's last lines: a line has no end that we could rely on. */
const longestTail = 64 * 1024;

async function bootFailed(
  engine: Engine,
  id: string,
  name: string,
  status: number,
  signal: AbortSignal,
): Promise<BerthError> {
  const log = await captureText(outputBytes(await readLogs(engine, id, { tail: 15, signal })), longestTail);
  const lines = log
    .text()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  return new BerthError(
    "boot-failed",
    [`${name} ended while it booted, with status ${status}`, ...lines.map((line) => `  ${line}`)].join("\n"),
    {
      hint: `its console: berth logs --console ${name}`,
      details: { status, console: lines },
    },
  );
}
