import { placeOptions } from "#contract/tmpfs.ts";
import { suggest } from "#suggest.ts";
import { usageError } from "#usage.ts";
import { normalizePath } from "./path.ts";
import { parseSize } from "./size.ts";

/**
 * A file system in memory: an absolute path in the machine, in its shortest form, never `/`, and tmpfs(5)'s
 * mount options, sizes in bytes.
 */
export interface TmpfsSpec {
  readonly target: string;
  readonly options: readonly string[];
}

const whole = (what: string) => (value: string) => {
  if (!/^\d{1,10}$/.test(value)) throw usageError(`"${value}" is not ${what}; write a whole number`);
  return value;
};
const values: Readonly<Record<string, (value: string) => string>> = {
  size: (value) => String(parseSize(value)),
  nr_inodes: whole("a number of files"),
  uid: whole("a user's id"),
  gid: whole("a group's id"),
  mode: (value) => {
    if (!/^[0-7]{1,4}$/.test(value)) throw usageError(`"${value}" is no mode; write such as 1777`);
    return value;
  },
};
const switches = ["rw", "ro", "exec", "noexec", "suid", "nosuid", "dev", "nodev"];

/**
 * A tmpfs as `docker run --tmpfs` and Compose write it: `PATH[:OPTION,…]`, such as `/tmp:size=64m,mode=1777`.
 */
export function parseTmpfs(text: string): TmpfsSpec {
  const at = text.indexOf(":");
  const path = at < 0 ? text : text.slice(0, at);
  if (path.includes("\0")) throw usageError("a path holds no NUL");
  if (!path.startsWith("/"))
    throw usageError(`"${path}" is not an absolute path in the machine; write such as /tmp:size=64m`);
  if (path.split("/").includes(".."))
    throw usageError(`"${path}": a path in the machine is written without ".."`);
  const target = normalizePath(path);
  if (target === "/") throw usageError("a tmpfs cannot be mounted over the machine's own root");
  return {
    target,
    options:
      at < 0
        ? []
        : text
            .slice(at + 1)
            .split(",")
            .map(parseOption),
  };
}

function parseOption(option: string): string {
  const [name = "", value] = option.split(/=(.*)/s, 2);
  if (value === undefined && switches.includes(name)) return name;
  const parse = Object.hasOwn(values, name) ? values[name] : undefined;
  if (parse === undefined || value === undefined) {
    const known = [...Object.keys(values).map((key) => `${key}=…`), ...switches].join(", ");
    throw usageError(
      `"${option}" is no option of a tmpfs; use ${known}`,
      suggest(name, [...Object.keys(values), ...switches]),
    );
  }
  return `${name}=${parse(value)}`;
}

/**
 * Engines give this much unasked, and so berth-runtime takes it for not asked; a tmpfs that says it is asked
 * for.
 */
const unaskedShmSize = 64 * 1024 ** 2;

/**
 * The machine's tmpfs as the Engine API has them, path → options; at a place of the contract's with that
 * one's, unless they say otherwise.
 */
export function renderTmpfs({
  tmpfs = [],
  shmSize,
}: {
  readonly tmpfs?: readonly TmpfsSpec[];
  readonly shmSize?: number;
}): Readonly<Record<string, string>> {
  const shm = shmSize === unaskedShmSize ? [{ target: "/dev/shm", options: [`size=${shmSize}`] }] : [];
  return Object.fromEntries(
    [...shm, ...tmpfs].map(({ target, options }) => [
      target,
      [...placeOptions(target), ...options].join(","),
    ]),
  );
}
