import { writeSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { version } from "../../package.json";
import { complain } from "./frame/complain.ts";

export { version };

/** What `berth --version` prints. */
export function versionLine(): string {
  return `berth ${version}\n`;
}

/** `berth --version` without the rest of the command line. */
export async function main(): Promise<number> {
  try {
    writeSync(1, versionLine());
    return 0;
  } catch (failure) {
    // `berth --version | true`, or a full disk.
    if (hasErrno(failure, ["EPIPE"])) return 141;
    complain(
      `berth: cannot write standard output: ${failure instanceof Error ? failure.message : failure}\n`,
    );
    return 1;
  }
}
