import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { BerthError } from "../errors.ts";
import type { Fleet } from "../spec/machine.ts";
import { parseMachineFile } from "../spec/machine-file.ts";
import { resolvePaths } from "../spec/resolve-paths.ts";
import type { Context } from "./context.ts";

const fileNames = ["berth.yaml", "berth.yml"];

/** The machine file: --file, else berth.yaml here or in a directory above; undefined when there is none and none was named. */
export function findFleetFile({ global, io }: Context): string | undefined {
  if (global.file !== undefined) return resolve(io.cwd, global.file);
  for (let directory = io.cwd; ; directory = dirname(directory)) {
    const found = fileNames.map((name) => join(directory, name)).find((path) => existsSync(path));
    if (found !== undefined || directory === dirname(directory)) return found;
  }
}

/** Reads a machine file; relative paths in it start where it lies. Throws `file-missing`, and `file-invalid` with all its problems. */
export function readFleetFile(path: string, { io }: Context): Fleet {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new BerthError("file-missing", missing ? `there is no ${path}` : `${path} cannot be read`, {
      hint: "name the file with --file, or machines on the command line: berth up web --image debian-12",
      cause,
    });
  }
  const fleet = parseMachineFile(text, { fileName: path, environment: io.env });
  return resolvePaths(fleet, { directory: dirname(path), home: io.home });
}

/** The machine file's fleet. Throws `file-missing` when there is no file. */
export function loadFleet(context: Context): Fleet {
  const path = findFleetFile(context);
  if (path !== undefined) return readFleetFile(path, context);
  throw new BerthError("file-missing", `there is no ${fileNames[0]} here or in a directory above`, {
    hint: "write one (see `berth help up`), name it with --file, or name machines: berth up web --image debian-12",
  });
}

/** The names given, else those of the machine file but for machines of a swarm: what commands on several machines work on. Throws `usage` for neither. */
export function namesOrFleet(context: Context, names: readonly string[]): readonly string[] {
  if (names.length > 0) return names;
  const path = findFleetFile(context);
  if (path !== undefined) return readFleetFile(path, context).machines.flatMap(({ name, root }) => (root === undefined ? [name] : []));
  throw new BerthError("usage", "no machine is named, and there is no berth.yaml here or in a directory above", {
    hint: "name machines; `berth ls` shows them",
  });
}
