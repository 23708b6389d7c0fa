import { invalid } from "#machinefile/value/invalid.ts";
import { parseVolumeFlag } from "./bind.ts";
import { host } from "./draft.ts";
import { type Flag, toggle, valued } from "./flag.ts";
import { parseEntry } from "./literal.ts";
import { parseMountFlag } from "./mount.ts";

/** What the container's files are on. */
export const storageFlags: readonly Flag[] = [
  valued("volume", (text) => ({ body: parseVolumeFlag(text) }), { short: "v" }),
  valued("volumes-from", (container) => host({ VolumesFrom: [container] })),
  valued("volume-driver", (VolumeDriver) => host({ VolumeDriver })),
  valued("mount", (text) => host({ Mounts: [parseMountFlag(text)] })),
  valued("tmpfs", (text) => host({ Tmpfs: parseTmpfsFlag(text) })),
  valued("storage-opt", (text) => host({ StorageOpt: parseStorageOption(text) })),
  toggle("read-only", (ReadonlyRootfs) => host({ ReadonlyRootfs })),
];

/** `PATH[:OPTIONS]`; the options are the engine's to judge (tmpfs(5)). */
function parseTmpfsFlag(text: string): Readonly<Record<string, string>> {
  const [, path = "", options = ""] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (!path.startsWith("/"))
    throw invalid("tmpfs", text, "example: /tmp:size=64m; the path must be absolute");
  return { [path]: options };
}

function parseStorageOption(text: string): Readonly<Record<string, string>> {
  if (!text.includes("=")) throw invalid("storage option", text, "example: size=10G");
  return parseEntry(text);
}
