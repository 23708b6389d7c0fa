import type { Mount } from "#api/mount.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { parseSize } from "#machinefile/value/size.ts";
import { suggest } from "#suggest.ts";
import { usageError } from "#usage.ts";
import { checkSource } from "./bind.ts";
import { parseCsv } from "./csv.ts";
import { mergeDeep } from "./deep-merge.ts";
import { parseBoolean, parseChoice, parseEntry, splitAssignment } from "./literal.ts";

type Piece = Partial<Mount>;
type Read = (text: string) => Piece;

const types = ["bind", "volume", "tmpfs", "image", "npipe", "cluster"] as const;
const propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"] as const;

const source: Read = (text) => ({ Source: checkSource(text) });
const target: Read = (Target) => ({ Target });
const readOnly: Read = (text) => ({ ReadOnly: parseBoolean(text) });

const recursions: Readonly<Record<string, Piece>> = {
  enabled: {},
  disabled: { BindOptions: { NonRecursive: true } },
  writable: { BindOptions: { ReadOnlyNonRecursive: true } },
  readonly: { BindOptions: { ReadOnlyForceRecursive: true } },
};

const keys: Readonly<Record<string, Read>> = {
  type: (text) => ({ Type: parseChoice(text.toLowerCase(), types) }),
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly: readOnly,
  ro: readOnly,
  consistency: (text) => ({ Consistency: text.toLowerCase() }),
  "bind-propagation": (text) => ({
    BindOptions: { Propagation: parseChoice(text.toLowerCase(), propagations) },
  }),
  "bind-nonrecursive": (text) => ({ BindOptions: { NonRecursive: parseBoolean(text) } }),
  "bind-recursive": (text) => recursions[parseChoice(text, Object.keys(recursions))] ?? {},
  "bind-create-src": (text) => ({ BindOptions: { CreateMountpoint: parseBoolean(text) } }),
  "volume-subpath": (Subpath) => ({ VolumeOptions: { Subpath } }),
  "volume-nocopy": (text) => ({ VolumeOptions: { NoCopy: parseBoolean(text) } }),
  "volume-label": (text) => ({ VolumeOptions: { Labels: parseEntry(text) } }),
  "volume-driver": (Name) => ({ VolumeOptions: { DriverConfig: { Name } } }),
  "volume-opt": (text) => ({ VolumeOptions: { DriverConfig: { Options: parseEntry(text) } } }),
  "image-subpath": (Subpath) => ({ ImageOptions: { Subpath } }),
  "tmpfs-size": (text) => ({ TmpfsOptions: { SizeBytes: parseSize(text) } }),
  "tmpfs-mode": (text) => ({ TmpfsOptions: { Mode: parseMode(text) } }),
};

/** Keys that mean yes when they stand alone. */
const switches = ["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"];

/** `--mount`: `type=bind,src=/a,dst=/b,readonly`; a volume unless it has a type. */
export function parseMountFlag(text: string): Mount {
  const pieces = parseCsv(text.trim()).map(parseField);
  const { Type = "volume", Target, ...rest } = pieces.reduce(mergeDeep, {});
  if (Target === undefined)
    throw invalid("mount", text, "example: type=bind,src=/a,dst=/b; the target is missing");
  const mount = { Type, Target, ...rest };
  checkOptions(mount);
  return mount;
}

function parseField(field: string): Piece {
  const [written, value] = splitAssignment(field);
  const key = written.toLowerCase();
  const read = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (read === undefined)
    throw usageError(
      `unknown mount key "${written}" (example: src, dst, readonly)`,
      suggest(key, Object.keys(keys)),
    );
  if (!field.includes("=")) {
    if (!switches.includes(key)) throw invalid("mount option", key, `example: ${key}=VALUE`);
    return read("true");
  }
  if (value === "" || value !== value.trim())
    throw invalid("mount option", field, `example: ${key}=VALUE; no empty value, no space around it`);
  return read(value);
}

function checkOptions(mount: Mount): void {
  const options = {
    BindOptions: "bind",
    VolumeOptions: "volume",
    ImageOptions: "image",
    TmpfsOptions: "tmpfs",
  } as const;
  for (const [key, type] of Object.entries(options)) {
    if (Object.hasOwn(mount, key) && mount.Type !== type)
      throw usageError(`options ${type}-… need type=${type} (not type=${mount.Type})`);
  }
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = mount.BindOptions ?? {};
  if ((ReadOnlyNonRecursive === true || ReadOnlyForceRecursive === true) && mount.ReadOnly !== true) {
    throw usageError("bind-recursive=writable and bind-recursive=readonly need readonly");
  }
  if (ReadOnlyForceRecursive === true && Propagation !== "rprivate") {
    throw usageError("bind-recursive=readonly needs bind-propagation=rprivate");
  }
}

/** File permissions in octal. */
function parseMode(text: string): number {
  if (!/^[0-7]{1,11}$/.test(text) || Number.parseInt(text, 8) > 0xffffffff)
    throw invalid("mode", text, "octal; example: 1777");
  return Number.parseInt(text, 8);
}
