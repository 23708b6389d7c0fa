import { appendFile, writeFile } from "node:fs/promises";

/**
 * Gives the loader's container the machine's host name: the engine shows the machine these two files of its loader, since
 * they belong to the network that both have.
 */
export async function writeNames(name: string, address: string | undefined): Promise<void> {
  const short = name.split(".", 1)[0];
  await writeFile("/etc/hostname", `${name}\n`);
  await appendFile("/etc/hosts", `${address ?? "127.0.1.1"}\t${name === short ? name : `${name} ${short}`}\n`);
}
