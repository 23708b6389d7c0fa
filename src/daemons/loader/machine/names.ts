import { appendFile, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { hasErrno } from "#host/syscall/errno.ts";
import { addressOf } from "#plan/loader/hosts.ts";

/**
 * Writes the machine's host name into the loader's own /etc/hostname and /etc/hosts: the engine gives the
 * machine these files, since both share one network. False in a read-only container; berth-runtime still sets
 * the machine's host name.
 */
export async function writeNames(name: string): Promise<boolean> {
  const short = name.split(".", 1)[0];
  try {
    await writeFile("/etc/hostname", `${name}\n`);
    const address = addressOf(hostname(), await readFile("/etc/hosts", "utf8")) ?? "127.0.1.1";
    await appendFile("/etc/hosts", `${address}\t${name === short ? name : `${name} ${short}`}\n`);
    return true;
  } catch (error) {
    if (hasErrno(error, ["EROFS"])) return false;
    throw error;
  }
}
