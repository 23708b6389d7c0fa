import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { BerthError } from "../errors.ts";
import { readWay, trustedUsers } from "../host/path-steps.ts";
import { replaceFault } from "../plan/path-access.ts";
import type { Fleet } from "../spec/machine.ts";
import { parseMachineFile } from "../spec/machine-file.ts";
import { resolvePaths } from "../spec/resolve-paths.ts";
import type { Context } from "./context.ts";

const fileNames = ["berth.yaml", "berth.yml"];

/** Where the machine file is: --file, else berth.yaml here or in a directory above; undefined when there is none and none was named. */
export function locateFleetFile({ global, io }: Context): string | undefined {
  if (global.file !== undefined) return resolve(io.cwd, global.file);
  for (let directory = io.cwd; ; directory = dirname(directory)) {
    const found = fileNames.map((name) => join(directory, name)).find((path) => existsSync(path));
    if (found !== undefined || directory === dirname(directory)) return found;
  }
}

/**
 * The machine file to go by. One that was found, and not named, says so where it is not in the working directory, and is
 * refused where others than the user and root decide what is in it: `file-untrusted`.
 */
export function findFleetFile(context: Context): string | undefined {
  const path = locateFleetFile(context);
  if (path === undefined || context.global.file !== undefined) return path;
  const fault = replaceFault(readWay(path), trustedUsers(context.io.env));
  if (fault !== undefined) {
    throw new BerthError("file-untrusted", `${path} was found, but it is not only yours: ${fault}`, {
      hint: `look at it, and if it is to be used, name it: --file ${path}`,
    });
  }
  if (dirname(path) !== context.io.cwd) context.note(`machine file: ${path}`);
  return path;
}

/** Reads a machine file; relative paths in it start where it lies. Throws `file-missing`, and `file-invalid` with all its problems. */
export function readFleetFile(path: string, { io }: Context): Fleet {
  let text: string;
  let real: string;
  try {
    text = readFileSync(path, "utf8");
    // Machines note it, and are its own by whatever links it is named.
    real = realpathSync(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new BerthError("file-missing", missing ? `there is no ${path}` : `${path} cannot be read`, {
      hint: "without --file it is the berth.yaml here or in a directory above; without one, name machines: `berth up web --image debian-12`",
      cause,
    });
  }
  const shownAs = dirname(path) === io.cwd ? basename(path) : path;
  const fleet = parseMachineFile(text, { fileName: path, shownAs, environment: io.env });
  return resolvePaths({ ...fleet, project: { ...fleet.project, file: real } }, { directory: dirname(path), home: io.home });
}

/** The machine file's fleet. Throws `file-missing` when there is no file. */
export function loadFleet(context: Context): Fleet {
  const path = findFleetFile(context);
  if (path !== undefined) return readFleetFile(path, context);
  throw new BerthError("file-missing", `there is no ${fileNames[0]} here or in a directory above`, {
    hint: "write one, such as `machines: {web: {image: debian-12}}`, name it with --file, or name machines: `berth up web --image debian-12`",
  });
}
