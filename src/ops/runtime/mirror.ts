import { closeSync, constants, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AskMirror, askMirror, askRunningMirror } from "#host/mirror/ask.ts";
import { EndOfFileSystem } from "#host/mirror/end-of-file-system.ts";
import { giveBack, uncoverPlace } from "#host/mirror/place.ts";
import type { MirrorPlan } from "#host/mirror/request.ts";
import { readMountinfoOf } from "#host/namespace/mountinfo-of.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { detachMount, forgetNames } from "#host/syscall/syscalls.ts";
import { lastMountAt } from "#linux/mountinfo.ts";
import { otherOverlays } from "#linux/overlay.ts";
import { stateFile } from "#oci/machine-state.ts";
import type { IsolatedMachine } from "./state.ts";

/*
 * While a machine with mapped ids lives, its files are mounted once, for the machine. The engine has a mirror
 * of them: a FUSE file system in place of the engine's own mount, whose server is berth's.
 */

const readMountinfo = () => readFileSync("/proc/self/mountinfo", "utf8");

/** Milliseconds. A process may be reading the engine's mount at this moment, which keeps it busy. */
const longestLookMs = 1_000;

/**
 * Removes the engine's mount of a machine's files, so that the machine's own can be mounted; `show` then
 * mounts their mirror in its place. `server.namespace` is the engine's, if this process has another.
 */
export async function takePlace(
  files: Omit<MirrorPlan, "device">,
  server: AskMirror,
): Promise<{ show(root: string): Promise<void> }> {
  const directory = openSync(files.place, constants.O_RDONLY | constants.O_DIRECTORY);
  const end = EndOfFileSystem.of(directory);
  closeSync(directory);
  if (server.namespace !== undefined) uncoverPlace(files.place);
  await askMirror({ do: "clear", place: files.place }, server);
  // If overlayfs mounts it all the same, the kernel's log has a line about it.
  end?.ends(longestLookMs);
  end?.close();
  return {
    show: async (root) => {
      const plan = { ...files, device: lastMountAt(readMountinfo(), root)?.device ?? "" };
      writePlan(plan);
      await askMirror({ do: "show", plan, pid: process.pid, root }, server);
    },
  };
}

/**
 * Releases other containers' files in this process's own mount namespace: another start may be about to mount
 * them.
 */
export function forgetOthers(mountinfo: string, rootPath: string): void {
  for (const place of otherOverlays(mountinfo, rootPath)) detachMount(place);
}

/**
 * Ensures that the engine has a mirror of a machine's files. The mirror server restarts by itself when it is
 * killed, unless its watcher was killed too.
 *
 * A machine started by a release without mirrors has none until its next start: mount its files once more for
 * the engine, which has changed some of them there. The machine's mount still caches those in use, for
 * example a file with a mount over it, and writes to them by a mirror would fail (EEXIST). The next command
 * sees the changes of both.
 */
export async function keepMirror(
  state: string,
  { pid, root }: IsolatedMachine,
  server: AskMirror,
): Promise<void> {
  if (existsSync(join(state, stateFile.mirror))) {
    await askMirror({ do: "look" }, server);
    return;
  }
  try {
    // A restarted engine may have its mounts in another namespace; and only an overlay was mounted for the
    // machine.
    if (lastMountAt(readMountinfo(), root)?.type === "overlay") forgetNames(root);
    if (lastMountAt(readMountinfoOf(pid), "/")?.type === "overlay") forgetNames(`/proc/${pid}/root`);
  } catch (error) {
    // The machine has ended, perhaps this very moment: the runtime itself says so.
    if (!hasErrno(error, ["ENOENT", "ESRCH"])) throw error;
  }
}

function writePlan(plan: MirrorPlan): void {
  writeFileSync(join(plan.state, stateFile.mirror), JSON.stringify(plan), { mode: 0o600 });
}

/** Gives the place back to the engine, after the machine's end. */
export async function endMirror(state: string): Promise<void> {
  const file = join(state, stateFile.mirror);
  if (!(await askRunningMirror({ do: "release", state }))) {
    giveBack(JSON.parse(readFileSync(file, "utf8")) as MirrorPlan);
  }
  rmSync(file);
}
