import { readIfThereSync } from "#host/files/read-if-there.ts";
import { readOutput } from "#host/process/spawn-quick.ts";
import { isNotInstalled } from "#host/process/start-error.ts";
import { hasDirectory } from "#linux/name-service.ts";

/** Milliseconds for a directory service that is far away or down. */
const timeout = 500;

/** Asks a directory service for entries by their names or numbers. */
export type AskDirectory = (database: "passwd" | "group", keys: readonly string[]) => string | undefined;

/**
 * The way to ask the directory service of this host, such as SSSD, by getent(1): its answer is the lines of
 * those that exist, or undefined where none comes in time. Where the host has no such service it has no
 * entries. Blocks meanwhile.
 */
export function directoryService(): AskDirectory {
  return hasDirectory(readIfThereSync("/etc/nsswitch.conf") ?? "") ? getent : () => "";
}

/** getent(1) prints the entries that exist, whatever its status. */
function getent(database: string, keys: readonly string[]): string | undefined {
  try {
    return readOutput(["getent", database, ...keys], timeout);
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
}
