import { spawn } from "node:child_process";
import { join, resolve } from "node:path";

export const top = resolve(import.meta.dir, "../..");
/** The program as users call it. */
export const berth = join(top, "dist/berth");
export const machineFile = join(top, "examples/demo/berth.yaml");
/** The image's name in the machine file. */
export const imageName = "berth-demo";

let interrupted: NodeJS.Signals | undefined;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    interrupted ??= name;
  });
}

/** Ends the demo where a signal has asked for it; what was begun stays, for the next run. */
function leaveIfInterrupted(): void {
  if (interrupted === undefined) return;
  console.error(
    "\nInterrupted. `npm run demo` goes on from here; `npm run demo -- --down` removes everything.",
  );
  process.exit(130);
}

export interface Outcome {
  readonly status: number;
  /** Empty where it went to the terminal. */
  readonly stdout: string;
}

/**
 * Runs dist/berth and waits for its end, even when interrupted: berth then cleans up by itself. Passes its
 * output through, or with `capture` returns standard output in the result.
 */
export async function runBerth(args: readonly string[], capture = false): Promise<Outcome> {
  leaveIfInterrupted();
  const child = spawn(berth, args, { stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"], cwd: top });
  // A terminal's Ctrl-C has reached it already, `kill` has not; berth takes a second SIGTERM for the first.
  const forward = () => void child.kill("SIGTERM");
  process.on("SIGTERM", forward);
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const status = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done(code ?? 130));
  });
  process.off("SIGTERM", forward);
  leaveIfInterrupted();
  return { status, stdout };
}

/** Like `runBerth`, but ends the demo with berth's status on failure: berth has printed the reason. */
export async function berthOrExit(...args: readonly string[]): Promise<void> {
  const { status } = await runBerth(args);
  if (status !== 0) process.exit(status);
}
