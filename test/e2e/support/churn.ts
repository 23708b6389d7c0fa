import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run, tryRun } from "#host/process/run.ts";
import { inside } from "./machine.ts";
import type { Node } from "./nodes.ts";

/** Where the churn is: directories that come from the image, most of them in constant use. */
export const places = [
  ...[
    "/etc",
    "/opt",
    "/root",
    "/srv",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib/systemd/system",
    "/usr/lib/x86_64-linux-gnu",
  ],
  ...["/usr/local/bin", "/usr/sbin", "/usr/share", "/var/cache", "/var/lib", "/var/lib/dpkg/info"],
] as const;

/** Numbers from 0 up to a limit, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

interface Owned {
  readonly mode: string;
  readonly owner: string;
}
export type Item =
  | ({ readonly type: "f"; readonly lines: readonly string[] } & Owned)
  | ({ readonly type: "d"; readonly files: ReadonlyMap<string, Item> } & Owned)
  | { readonly type: "l"; readonly target: string };

/** What is at each path that the churn has made. */
export type Files = Map<string, Item>;

/**
 * Lists what there is at paths below a root, as `describeFiles` does: type, mode, owner and group, then what
 * is in it.
 */
const look = `cd "$1"; shift; found=$(ls -d "$@" 2>/dev/null); [ -z "$found" ] || {
  find $found -printf '/%p %y %m %U:%G %l\\n' | sed 's/ l 777 [0-9:]* / l /; s/ $//'; find $found -type f -exec grep -H '' {} + | sed 's/^/\\//'; }`;
const relative = (path: string) => path.slice(1);

/** The churn's files, or those that are named, as the machine itself has them. */
export async function seenInside(
  machine: Node,
  name: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  return sorted(await inside(machine, name, `set -- / ${paths.map(relative).join(" ")}\n${look}`));
}

/** The same as they lie below a directory of the host. */
export async function seenBelow(root: string, paths: readonly string[]): Promise<readonly string[]> {
  return sorted((await run("sh", ["-c", look, "sh", root, ...paths.map(relative)])).stdout);
}

/** The same as an image has them. */
export async function seenInImage(
  engine: Node,
  image: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  const { stdout } = await engine.docker(
    ...["run", "--rm", "--runtime=runc", "--network=none", image, "sh", "-c", look, "sh", "/"],
    ...paths.map(relative),
  );
  return sorted(stdout);
}

const sorted = (text: string) => text.split("\n").filter(Boolean).toSorted();

export function describeFiles(files: Files, paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => describe(path, files.get(path))).toSorted();
}

function describe(path: string, item: Item | undefined): readonly string[] {
  if (item === undefined) return [];
  if (item.type === "l") return [`${path} l ${item.target}`];
  const head = `${path} ${item.type} ${item.mode} ${item.owner}`;
  if (item.type === "f") return [head, ...item.lines.map((line) => `${path}:${line}`)];
  return [head, ...[...item.files].flatMap(([name, inner]) => describe(`${path}/${name}`, inner))];
}

/**
 * Unpacks what `docker cp` says of paths, below a directory of the host; nothing where the machine has
 * nothing.
 */
export async function bringOut(
  engine: Node,
  name: string,
  paths: readonly string[],
  root: string,
): Promise<void> {
  await rm(root, { recursive: true, force: true });
  const script = `docker --host "$1" cp "$2:$3" - >"$4.tar" && tar --extract --numeric-owner --preserve-permissions --file "$4.tar" --directory "$4"`;
  for (const path of paths) {
    const place = join(root, dirname(path));
    await mkdir(place, { recursive: true });
    const { status, stderr } = await tryRun("sh", ["-c", script, "sh", engine.socket, name, path, place]);
    if (
      status !== 0 &&
      !stderr.includes("No such container:path") &&
      !stderr.includes("Could not find the file")
    )
      throw new Error(stderr);
  }
}

/** Copies a file or a directory into a machine; what is to be there then. */
export async function bringIn(
  engine: Node,
  name: string,
  path: string,
  item: Item,
  directory: string,
): Promise<void> {
  const from = join(directory, "in", basename(path));
  await rm(from, { recursive: true, force: true });
  await mkdir(dirname(from), { recursive: true });
  await make(from, item);
  await engine.docker("cp", "--archive", from, `${name}:${dirname(path)}/`);
}

async function make(path: string, item: Item): Promise<void> {
  if (item.type === "l") throw new Error("no links are brought");
  if (item.type === "f") await writeFile(path, item.lines.map((line) => `${line}\n`).join(""));
  else {
    await mkdir(path);
    for (const [name, inner] of item.files) await make(join(path, name), inner);
  }
  await run("chown", [item.owner, path]);
  await run("chmod", [item.mode, path]);
}

/**
 * What the machine does to have an item at a path: shell commands. In place of a file it comes at once, by a
 * rename.
 */
export function commandsFor(path: string, item: Item, now: Item | undefined): string {
  const next = `${path}.next`;
  const away = now?.type === "d" ? `mv ${path} ${path}.old` : ":";
  const over = item.type === "d" && now !== undefined && now.type !== "d" ? `rm ${path}` : away;
  return `${commandsToMake(next, item)}; ${over}; mv -T ${next} ${path}; rm -rf ${path}.old`;
}

function commandsToMake(path: string, item: Item): string {
  if (item.type === "l") return `ln -s ${item.target} ${path}`;
  const made =
    item.type === "f"
      ? `printf '%s\\n' ${item.lines.join(" ")} >${path}`
      : [
          `mkdir ${path}`,
          ...[...item.files].map(([name, inner]) => commandsToMake(`${path}/${name}`, inner)),
        ].join("; ");
  return `${made}; chown ${item.owner} ${path}; chmod ${item.mode} ${path}`;
}

/** A file, a directory with some, or a link: another each time. */
export function anyItem(random: (limit: number) => number, word: string, types = "ffdl"): Item {
  const owned = {
    mode: ["644", "600", "755", "2750"][random(4)] ?? "",
    owner: ["0:0", "33:34", "1000:0", "65534:100"][random(4)] ?? "",
  };
  const lines = Array.from(
    { length: 1 + random(3) },
    (_, index) => `${word}-${index}-${"x".repeat(random(40))}`,
  );
  switch (types[random(types.length)]) {
    case "l":
      return { type: "l", target: `../${word}` };
    case "d":
      return {
        type: "d",
        ...owned,
        files: new Map(
          [0, 1, 2].slice(random(3)).map((n) => [`inner-${n}`, anyItem(random, `${word}-${n}`, "f")]),
        ),
      };
    default:
      return { type: "f", ...owned, lines };
  }
}
