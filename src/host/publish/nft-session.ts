import { spawn } from "#host/process/spawn.ts";
import { startError } from "#host/process/start-error.ts";

/** A living `nft -i`. What it owns in the kernel goes with it. */
export interface NftSession {
  /** What it has written to its standard error. */
  readonly errors: string;
  readonly hasEnded: boolean;
  /** Resolves when it has ended, by `close` or by itself. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Enough for a report: what nft says of a wrong line repeats the line. */
const longestErrors = 4096;

/**
 * Starts `nft -i` and resolves once it has carried out or refused the line `script`. It ends with its
 * standard input, thus with this process. Throws `tool-missing` or `tool-failed` when nft
 * does not start.
 */
export async function openNftSession(script: string): Promise<NftSession> {
  // A session of its own keeps ^C from it; with such a home it leaves no history file.
  const nft = spawn("nft", ["-i"], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { PATH: process.env.PATH, HOME: "/dev/null" },
  });
  let errors = "";
  nft.stderr.on("data", (chunk: Buffer) => {
    if (errors.length < longestErrors) errors += chunk.toString();
  });
  const failed = new Promise<Error>((resolve) => nft.once("error", resolve));
  const ended = new Promise<void>((resolve) => nft.once("close", () => resolve()));
  // A write to one that has just ended fails; its end is what matters.
  nft.stdin.on("error", () => {});
  // An interactive nft (nft(8), -i) confirms nothing, but answers in order: once it answers `describe`, it
  // has run the first line, or reported its error.
  const answered = new Promise<void>((resolve) => nft.stdout.once("data", () => resolve()));
  nft.stdin.write(`${script}\ndescribe tcp dport\n`);
  const cause = await Promise.race([failed, ended, answered]);
  if (cause instanceof Error) throw startError("nft", cause);
  return {
    get errors() {
      return errors;
    },
    get hasEnded() {
      return nft.exitCode !== null;
    },
    ended,
    async close() {
      nft.stdin.end();
      await ended;
    },
  };
}
