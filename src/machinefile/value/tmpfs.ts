import { placeOptions } from "#contract/tmpfs.ts";
import { suggest } from "#suggest.ts";
import { invalid } from "./invalid.ts";
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

const whole = (what: string, example: string) => (value: string) => {
  if (!/^\d{1,10}$/.test(value)) throw invalid(what, value, `example: ${example}`);
  return value;
};
const values: Readonly<Record<string, (value: string) => string>> = {
  size: (value) => String(parseSize(value)),
  nr_inodes: whole("number of files", "1000"),
  uid: whole("user id", "33"),
  gid: whole("group id", "33"),
  mode: (value) => {
    if (!/^[0-7]{1,4}$/.test(value)) throw invalid("mode", value, "example: 1777");
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
  const refuse = (rule: string) => invalid("tmpfs", text, `example: /tmp:size=64m; ${rule}`);
  if (path.includes("\0")) throw refuse("no NUL");
  if (!path.startsWith("/")) throw refuse("an absolute path in the machine");
  if (path.split("/").includes("..")) throw refuse('a path without ".."');
  const target = normalizePath(path);
  if (target === "/") throw refuse("not over the machine's own root");
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

/** A tmpfs as `parseTmpfs` reads it. */
export function renderTmpfsSpec({ target, options }: TmpfsSpec): string {
  return options.length === 0 ? target : `${target}:${options.join(",")}`;
}

function parseOption(option: string): string {
  const [name = "", value] = option.split(/=(.*)/s, 2);
  if (value === undefined && switches.includes(name)) return name;
  const parse = Object.hasOwn(values, name) ? values[name] : undefined;
  if (parse === undefined || value === undefined) {
    const known = [...Object.keys(values).map((key) => `${key}=…`), ...switches].join(", ");
    const meant = suggest(name, [...Object.keys(values), ...switches]);
    throw invalid("tmpfs option", option, `one of: ${known}`, meant);
  }
  return `${name}=${parse(value)}`;
}

/**
 * Engines' default, which berth-runtime therefore takes for no request; request it by a tmpfs of this size.
 */
const unaskedShmSize = 64 * 1024 ** 2;

/**
 * The machine's tmpfs for the Engine API, path → options; defaults are those of the contract's tmpfs at the
 * same place.
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
