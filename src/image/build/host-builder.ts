import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { spawn } from "#host/process/spawn.ts";
import { startError, toolMissing } from "#host/process/start-error.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { BuildPlan } from "#plan/image/build-plan.ts";
import { makeBuildPlace } from "./build-place.ts";
import type { Builder, BuilderOptions } from "./build-root.ts";
import { createBuilderLog } from "./builder-log.ts";

/** Builds by this host's mmdebstrap. Throws `tool-missing` without it, `tool-failed`, `interrupted`. */
export function hostBuilder(plan: BuildPlan, options: BuilderOptions): Builder {
  return async (work) => {
    const { inside, outside, caller } = await makeBuildPlace(work);
    // mmdebstrap unpacks into TMPDIR; without root it does so as users who may not enter a cache below a home
    // directory.
    const env = process.getuid?.() === 0 ? { ...process.env, TMPDIR: inside } : process.env;
    await runBuilder([...caller, "mmdebstrap", ...plan.command(join(inside, "root.tar"))], env, options);
    return join(outside, "root.tar");
  };
}

/**
 * Runs mmdebstrap to its end, in its own process group. An interruption signals the whole group: mmdebstrap
 * alone would first wait for its apt or dpkg. Leaves no process behind. Throws `tool-missing`, `interrupted`,
 * and `tool-failed` with the last messages of apt and mmdebstrap.
 */
async function runBuilder(
  [program = "", ...words]: readonly string[],
  env: NodeJS.ProcessEnv,
  { signal, onProgress }: BuilderOptions,
): Promise<void> {
  if (signal?.aborted) throw interrupted(signal);
  const child = spawn(program, words, { env, stdio: ["ignore", "ignore", "pipe"], detached: true });
  const log = createBuilderLog(onProgress);
  child.stderr.setEncoding("utf8").on("data", log.push);
  const stop = () => {
    if (child.pid !== undefined) terminateGroup(child.pid);
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => reject(startError("mmdebstrap", cause)));
      child.once("close", resolve);
    });
    if (signal?.aborted) throw interrupted(signal);
    if (status === shellFindsNone) throw toolMissing("mmdebstrap");
    if (status !== 0) throw log.failure(status, archiveHint);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

const archiveHint =
  "Check that this host reaches the package archive, or name another with --mirror or BERTH_MIRROR.";

/** The status of a shell whose command was not found (POSIX.1-2017, Shell Command Language 2.8.2). */
const shellFindsNone = 127;

function terminateGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGTERM");
  } catch (error) {
    // ESRCH: it ended by itself at this very moment.
    if (!hasErrno(error, ["ESRCH"])) throw error;
  }
}

const interrupted = (signal: AbortSignal) =>
  new BerthError("interrupted", "the build was interrupted", { cause: signal.reason });
