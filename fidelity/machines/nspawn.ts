import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { tryRun } from "#host/process/run.ts";
import type { Machine } from "../machine.ts";
import { archivePoint, type Place } from "../place.ts";
import { unpackRoot } from "../roots.ts";
import { type Child, startChild } from "./child.ts";

/**
 * The options of Debian's systemd-nspawn@.service, which `machinectl start` uses; without machined, so it
 * does not register.
 */
const options = [
  "--quiet",
  "--keep-unit",
  "--register=no",
  "--boot",
  "--link-journal=try-guest",
  "--network-veth",
  "-U",
];

/** A machine of systemd-nspawn. Its root's shell is a unit of its own, as `machinectl shell` makes one. */
export async function startNspawn(place: Place, name: string): Promise<Machine> {
  const root = join(place.directory, name);
  await unpackRoot(place.tarball, root);
  const bind = place.archive === undefined ? [] : [`--bind-ro=${place.archive}:${archivePoint}`];
  const start = () =>
    startChild(place, name, [
      "systemd-nspawn",
      ...options,
      `--machine=${name}`,
      `--directory=${root}`,
      ...bind,
    ]);
  let child: Child = start();
  const enter = async (script: string) => {
    const pids = await child.readPids();
    if (pids === undefined) return { status: 255, stdout: "", stderr: "the machine has ended" };
    // The manager takes "$$" for "$", systemd.service(5).
    const unit = [
      "systemd-run",
      "--quiet",
      "--wait",
      "--pipe",
      "--collect",
      "--",
      "sh",
      "-c",
      script.replaceAll("$", "$$$$"),
    ];
    return tryRun("nsenter", [`--target=${pids.init}`, "--all", "--", ...unit], { signal: place.signal });
  };
  const end = async (signals: readonly NodeJS.Signals[]) => {
    const pids = await child.readPids();
    if (pids !== undefined) {
      for (const signal of signals) {
        process.kill(pids.program, signal);
        if (await Promise.race([child.ended.then(() => true), sleep(20_000, false)])) break;
      }
    }
    await child.ended;
  };
  return {
    run: enter,
    readCgroups: async () => {
      const pids = await child.readPids();
      return pids === undefined
        ? undefined
        : readFile(`/proc/${pids.init}/cgroup`, "utf8").catch(() => undefined);
    },
    readConsole: async () => child.console(),
    restart: async () => {
      // The first asks process 1 to halt, the second does not ask: systemd-nspawn(1), "--kill-signal=".
      await end(["SIGTERM", "SIGKILL"]);
      child = start();
    },
    destroy: async () => {
      await end(["SIGKILL"]);
      await removeTree(root);
    },
  };
}
