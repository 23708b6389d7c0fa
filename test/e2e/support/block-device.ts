import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parseMountinfo } from "#linux/mountinfo.ts";
import { isVmHost } from "./vm-host.ts";

/** A disk of this host that engines' files are on, and its number as the kernel writes it. */
export function blockDevice(): { readonly path: string; readonly number: string } | undefined {
  const mount = parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8")).findLast(
    ({ point }) => (point === "/tmp" && !isVmHost) || point === "/",
  );
  const number = mount?.device ?? "";
  const disk = existsSync("/sys/block")
    ? readdirSync("/sys/block").find(
        (name) => readFileSync(`/sys/block/${name}/dev`, "utf8").trim() === number,
      )
    : undefined;
  return disk !== undefined && existsSync(`/dev/${disk}`) ? { path: `/dev/${disk}`, number } : undefined;
}
