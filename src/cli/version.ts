import { writeSync } from "node:fs";
import { version } from "../../package.json";

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
    // `berth --version | true`, or a full disk: nobody can be told more than this.
    return failure instanceof Error && "code" in failure && failure.code === "EPIPE" ? 141 : 1;
  }
}
