import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { cacheDirectory } from "#lab/cache.ts";
import { isVmHost } from "./vm-host.ts";

/** A disk of this host that images' files are on, and its number as the kernel writes it. */
export async function blockDevice(): Promise<{ readonly path: string; readonly number: string } | undefined> {
  // Nodes have images' files lent from the cache.
  const { dev } = statSync(isVmHost ? "/" : await cacheDirectory());
  // As in makedev(3), without the numbers above 4095 and 1048575.
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
  const disk = existsSync("/sys/block")
    ? readdirSync("/sys/block").find(
        (name) => readFileSync(`/sys/block/${name}/dev`, "utf8").trim() === number,
      )
    : undefined;
  return disk !== undefined && existsSync(`/dev/${disk}`) ? { path: `/dev/${disk}`, number } : undefined;
}
