import type { HostLxcfs } from "#contract/lxcfs.ts";
import { BerthError } from "#errors.ts";
import { readLxcfs } from "#host/lxcfs/lxcfs.ts";
import { findStaleLxcfs, renewLxcfs } from "#host/lxcfs/lxcfs-mounts.ts";
import { tryRun } from "#host/process/run.ts";
import { createLimit } from "#ops/task/limit.ts";
import { poll } from "#ops/task/poll.ts";

/**
 * Milliseconds: until a starting lxcfs is mounted, for one machine, and for all. A service's start may take
 * 90 s (systemd-system.conf(5), DefaultTimeoutStartSec).
 */
const timeouts = { start: 10_000, machine: 5000, all: 60_000 };
const concurrency = 8;
/**
 * A starting service copies all mounts into a new mount namespace and then moves into it: a mount renewed
 * before the move is lost with the old root, so look again.
 */
const mostLooks = 3;

export interface LxcfsRenewal {
  /** Number of mount namespaces of machines in which it was mounted again. */
  readonly renewed: number;
  /** What went wrong with single machines, each one sentence. */
  readonly warnings: readonly string[];
}

/**
 * Mounts the running lxcfs in machines of this host whose lxcfs has ended: after its restart their old mounts
 * answer "Transport endpoint is not connected". Waits for an lxcfs that is starting. Serves each machine by
 * its own process, `program`, so that a machine cannot delay others, in turns: one with many mount namespaces
 * gets one turn per round. `limitMs` limits the whole. Throws `host-unfit` if no lxcfs starts.
 */
export async function renewMachinesLxcfs(
  program: string,
  limitMs: number = timeouts.all,
): Promise<LxcfsRenewal> {
  const end = performance.now() + limitMs;
  const lxcfs = await startedLxcfs(timeouts.start);
  const limit = createLimit(concurrency);
  const warnings = new Set<string>();
  let renewed = 0;
  let isLate = false;
  for (let look = 0; look < mostLooks; look += 1) {
    // Even if nothing was renewed, look again: the process that represented a namespace may have ended.
    const { machines, isWhole } = findStaleLxcfs(lxcfs, end);
    const turns = inTurns(machines);
    const serve = async (pid: number) => (performance.now() >= end ? "late" : await renewOne(program, pid));
    const results = await Promise.all(turns.map((pid) => limit(() => serve(pid))));
    renewed += results.filter((result) => result === "renewed").length;
    for (const result of results) if (!["renewed", "left", "late"].includes(result)) warnings.add(result);
    isLate ||= !isWhole || results.includes("late");
    if (isLate || turns.length === 0) break;
  }
  if (isLate)
    warnings.add(
      `machines may keep their dead lxcfs: checking all of them takes longer than ${limitMs / 1000} s`,
    );
  return { renewed, warnings: [...warnings] };
}

/** The first of each, then the second of each, and so on. */
export function inTurns<T>(groups: readonly (readonly T[])[]): readonly T[] {
  const rounds = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) =>
    groups.flatMap((group) => group.slice(round, round + 1)),
  ).flat();
}

/** One machine of them, by a process in it. Whether there was anything to renew. */
export async function renewMachineLxcfs(pid: number): Promise<boolean> {
  const files = renewLxcfs(pid);
  if (files === undefined) throw lacksLxcfs();
  return files.length > 0;
}

async function startedLxcfs(limit: number): Promise<HostLxcfs> {
  const lxcfs = await poll(limit, async () => readLxcfs());
  if (lxcfs !== undefined) return lxcfs;
  throw lacksLxcfs();
}

const lacksLxcfs = () =>
  new BerthError("host-unfit", "lxcfs is not running on this host", { hint: "systemctl start lxcfs" });

async function renewOne(program: string, pid: number): Promise<"renewed" | "left" | string> {
  const end = AbortSignal.timeout(timeouts.machine);
  try {
    const { status, stdout, stderr } = await tryRun(program, ["runtime", "lxcfs", String(pid)], {
      signal: end,
    });
    if (status !== 0)
      return `the machine of process ${pid} keeps its dead lxcfs: ${stderr.trim().replace(/^berth: /, "")}`;
    return stdout === "" ? "left" : "renewed";
  } catch (error) {
    if (!end.aborted) throw error;
    return (
      `the machine of process ${pid} keeps its dead lxcfs: ` +
      `mounting the new one takes longer than ${timeouts.machine / 1000} s`
    );
  }
}
