import { appendFile, writeFile } from "node:fs/promises";

/**
 * Gives the loader's container the machine's host name: the engine shows the machine these two files of its loader, since
 * they belong to the network that both have. False where a read-only container's are read-only, too: berth-runtime names the
 * machine all the same.
 */
export async function writeNames(name: string, address: string | undefined): Promise<boolean> {
  const short = name.split(".", 1)[0];
  try {
    await writeFile("/etc/hostname", `${name}\n`);
    await appendFile("/etc/hosts", `${address ?? "127.0.1.1"}\t${name === short ? name : `${name} ${short}`}\n`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EROFS") return false;
    throw error;
  }
}
