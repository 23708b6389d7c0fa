import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "../place.ts";

/**
 * A program that runs a machine in the foreground, in a place's namespaces and in a cgroup of its own there.
 */
export interface Child {
  /**
   * The program itself and process 1 of its machine, as the host numbers them; undefined once it has ended.
   */
  readPids(): Promise<{ readonly program: number; readonly init: number } | undefined>;
  readonly ended: Promise<unknown>;
  console(): string;
}

/** CGROUP COMMAND…: a new cgroup of v1 has an empty cpuset, and then accepts no process. */
const launch = `
set -eu
cgroup=$1
shift
# systemd-nspawn links journals by it.
[ -s /etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
while read -r _ point type _; do
  case $type in cgroup | cgroup2) ;; *) continue ;; esac
  mkdir -p "$point$cgroup"
  for file in cpuset.cpus cpuset.mems; do
    if [ -e "$point/$file" ]; then
      for directory in "$point\${cgroup%/*}" "$point$cgroup"; do cat "$point/$file" >"$directory/$file"; done
    fi
  done
  echo $$ >"$point$cgroup/cgroup.procs"
done </proc/self/mounts
exec "$@"`;

export function startChild(place: Place, name: string, command: readonly string[]): Child {
  const enter = [`--target=${place.node.pid}`, "--mount", "--net", "--uts", "--pid", "--"];
  const words = ["sh", "-c", launch, "sh", `${place.cgroup}/${name}`, ...command];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "nsenter", ...enter, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-8192);
    });
  }
  return { readPids: () => readPids(child), ended: once(child, "close"), console: () => output };
}

/**
 * The program is nsenter's child, since nsenter forks for the PID namespace, and the machine's process 1 is
 * the program's.
 */
async function readPids(
  child: ChildProcess,
): Promise<{ readonly program: number; readonly init: number } | undefined> {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(50)) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
    const [program] = await childrenOf(child.pid);
    if (program === undefined) continue;
    for (const init of await childrenOf(program)) if (await isInit(init, program)) return { program, init };
  }
  return undefined;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  // It may end while it is looked at.
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Whether a process is number 1 of a PID namespace below another's. */
async function isInit(pid: number, above: number): Promise<boolean> {
  const numbers = await pidsOf(pid);
  return numbers.length > (await pidsOf(above)).length && numbers.at(-1) === "1";
}

/** A process's numbers, from the outermost namespace in: proc_pid_status(5), NSpid. None where it has ended. */
async function pidsOf(pid: number): Promise<readonly string[]> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return /^NSpid:\t(.*)$/m.exec(status)?.[1]?.split("\t") ?? [];
}
