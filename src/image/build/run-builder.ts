import { BerthError } from "#errors.ts";
import { spawn } from "#host/process/spawn.ts";
import { startError, toolMissing } from "#host/process/start-error.ts";
import { hasErrno } from "#host/syscall/errno.ts";

export interface BuilderOptions {
  /** What it is called by, as a `BuildPlace` has it: a program that becomes mmdebstrap. */
  readonly caller: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: ((step: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs mmdebstrap to its end, in its own process group. An interruption signals the whole group: mmdebstrap
 * alone would first wait for its apt or dpkg. Leaves no process behind. Throws `tool-missing`, `interrupted`,
 * and `tool-failed` with the last messages of apt and mmdebstrap.
 */
export async function runBuilder(args: readonly string[], options: BuilderOptions): Promise<void> {
  const { caller, signal, onProgress } = options;
  if (signal?.aborted) throw interrupted(signal);
  const [program = "mmdebstrap", ...words] = [...caller, "mmdebstrap", ...args];
  const child = spawn(program, words, {
    env: options.env as NodeJS.ProcessEnv,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    if (lines.length > 200) lines.shift();
    const step = parseStep(line);
    if (step !== undefined) onProgress?.(step);
  };
  let rest = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split(/[\r\n]+/);
    rest = parts.pop() ?? "";
    for (const line of parts) if (line.trim() !== "") onLine(line.trimEnd());
  });
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
    if (rest !== "") onLine(rest);
    if (status === shellFindsNone) throw toolMissing("mmdebstrap");
    if (status !== 0) throw failure(status, lines);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

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

/**
 * The step in a line of mmdebstrap's ("I: installing essential packages..."); undefined for its housekeeping.
 */
export function parseStep(line: string): string | undefined {
  const match = /^I: (.*)\.\.\.$/.exec(line);
  return match === null || /tempdir|signed-by|received signal/.test(match[1] ?? "") ? undefined : match[1];
}

/** What apt (`E:`, `W:`, `Err:`) and dpkg say, rather than mmdebstrap's farewell. */
function failure(status: number | null, lines: readonly string[]): BerthError {
  const telling = lines.filter(
    (line) => /^(E|W|Err:\d+|dpkg): ?/.test(line) && !/^E: (mmdebstrap failed|apt-get .* failed$)/.test(line),
  );
  const last = (telling.length > 0 ? telling : lines).slice(-5);
  return new BerthError("tool-failed", `cannot build the root: ${last.join("\n")}`, {
    hint: "Check that this host reaches the package archive, or name another with --mirror or BERTH_MIRROR.",
    details: { command: "mmdebstrap", status, stderr: lines.slice(-40) },
  });
}

const interrupted = (signal: AbortSignal) =>
  new BerthError("interrupted", "the build was interrupted", { cause: signal.reason });
