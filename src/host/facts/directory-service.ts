import { readIfThereSync } from "#host/files/read-if-there.ts";
import { readOutput } from "#host/process/spawn-quick.ts";
import { isNotInstalled } from "#host/process/start-error.ts";
import { hasDirectory } from "#linux/name-service.ts";

/** Milliseconds for a directory service that is far away or down. */
const timeout = 500;

/** Asks a directory service for entries by their names or numbers. */
export type AskDirectory = (database: "passwd" | "group", keys: readonly string[]) => string | undefined;

/**
 * Queries this host's directory service (example: SSSD) by getent(1): the lines of existing entries, or
 * undefined without an answer in time. A host without such a service has no entries. Blocks meanwhile.
 */
export function directoryService(): AskDirectory {
  return hasDirectory(readIfThereSync("/etc/nsswitch.conf") ?? "") ? getent : () => "";
}

/** getent(1) prints the existing entries, whatever its status. */
function getent(database: string, keys: readonly string[]): string | undefined {
  try {
    return readOutput(["getent", database, ...keys], timeout);
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
}
