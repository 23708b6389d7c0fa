import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hasCode } from "#errors.ts";
import { findTool } from "#host/embedded-engine/required-tools.ts";
import { mergedPath, type TreeNode } from "#image/store/tree.ts";
import { parseInterpreter } from "#linux/elf-interpreter.ts";
import { findExtensions } from "./loader-image-extensions.ts";
import { findLaterLibraries, findLibraries, type Libraries } from "./loader-image-libraries.ts";

export interface LoaderPrograms {
  /** berth, the programs it runs, and their libraries, by their paths in the image. */
  readonly tree: ReadonlyMap<string, TreeNode>;
  /** Which of the two kinds of iptables are among them. */
  readonly iptables: readonly ("nft" | "legacy")[];
}

/** Without one of these the loader does not work: its rules, its health check. */
const needed = [
  ["nft", "/usr/sbin/nft"],
  ["sh", "/usr/bin/sh"],
  ["cat", "/usr/bin/cat"],
] as const;

/** Without it `nft -i` complains on standard error, even without a terminal. */
const dumbTerminal = ["/lib/terminfo/d/dumb", "/usr/share/terminfo/d/dumb", "/etc/terminfo/d/dumb"] as const;

/**
 * Reads a running berth (by a stable path, for example /proc/PID/exe) and what the loader needs from this
 * host. Throws `tool-missing` for a program or library that is not installed; iptables may be missing.
 */
export async function gatherPrograms(berth: string): Promise<LoaderPrograms> {
  const tree = new Map<string, TreeNode>();
  const libraries = new Map<string, string>();
  const add = async (place: string, file: string, mode = 0o755) =>
    tree.set(place, { kind: "file", mode, content: await readFile(file) });
  const addProgram = async (place: string, file: string, what = file) => {
    const content = await readFile(file);
    tree.set(place, { kind: "file", mode: 0o755, content });
    const interpreter = parseInterpreter(content, what);
    if (interpreter === undefined) return undefined;
    await add(mergedPath(interpreter), interpreter);
    for (const [name, path] of await findLibraries(interpreter, file, what)) libraries.set(name, path);
    return interpreter;
  };
  await addProgram("/berth", berth, "berth");
  for (const [name, place] of needed) await addProgram(place, await findTool([name]));
  const iptables: ("nft" | "legacy")[] = [];
  let interpreter: string | undefined;
  for (const variant of ["nft", "legacy"] as const) {
    const multi = `xtables-${variant}-multi`;
    const file = await findOptional(multi);
    if (file === undefined) continue;
    iptables.push(variant);
    interpreter = await addProgram(`/usr/sbin/${multi}`, file);
    // One program for both families and both uses; its name selects among them.
    for (const name of ["iptables", "ip6tables"]) {
      for (const suffix of ["", "-restore"])
        tree.set(`/usr/sbin/${name}-${variant}${suffix}`, { kind: "link", target: multi });
    }
  }
  for (const { file, target } of iptables.length > 0 ? await findExtensions(libraries) : []) {
    if (target !== undefined) tree.set(mergedPath(file), { kind: "link", target });
    else await add(mergedPath(file), file, 0o644);
    if (interpreter === undefined || target !== undefined) continue;
    for (const [name, path] of await findLibraries(interpreter, file, file)) libraries.set(name, path);
  }
  const terminal = dumbTerminal.find((file) => existsSync(file));
  if (terminal !== undefined) await add("/usr/share/terminfo/d/dumb", terminal, 0o644);
  const all: Libraries = new Map([...(await findLaterLibraries(libraries)), ...libraries]);
  for (const [place, file] of placeLibraries(all)) await add(place, file, 0o644);
  return { tree, iptables };
}

/**
 * Put all of them into the C library's own directory: the interpreter always looks there, while the image
 * lacks this host's /etc/ld.so.conf.
 */
function placeLibraries(libraries: Libraries): readonly (readonly [place: string, file: string])[] {
  const libc = libraries.get("libc.so.6");
  return [...libraries].map(([name, file]) => [
    mergedPath(join(dirname(libc ?? file), basename(name))),
    file,
  ]);
}

async function findOptional(name: string): Promise<string | undefined> {
  try {
    return await findTool([name]);
  } catch (error) {
    if (hasCode(error, "tool-missing")) return undefined;
    throw error;
  }
}
