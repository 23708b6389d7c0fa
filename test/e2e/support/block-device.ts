import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A disk of this host that labs' files are on, and its number as the kernel writes it. */
export function blockDevice(): { readonly path: string; readonly number: string } | undefined {
  const mount = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .findLast((fields) => fields[4] === "/tmp" || fields[4] === "/");
  const number = mount?.[2] ?? "";
  const disk = existsSync("/sys/block")
    ? readdirSync("/sys/block").find(
        (name) => readFileSync(`/sys/block/${name}/dev`, "utf8").trim() === number,
      )
    : undefined;
  return disk !== undefined && existsSync(`/dev/${disk}`) ? { path: `/dev/${disk}`, number } : undefined;
}
