import { appendFile, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { hasErrno } from "#host/syscall/errno.ts";
import { addressOf } from "#plan/loader/hosts.ts";

/**
 * Gives the loader's container the machine's host name: the engine shows the machine these two files of its
 * loader, since they belong to the network that both have. False where a read-only container's are read-only,
 * too: berth-runtime names the machine all the same.
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
