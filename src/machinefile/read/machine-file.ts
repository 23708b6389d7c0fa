import { BerthError } from "#errors.ts";
import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { cut, renderFault, renderPath } from "#machinefile/problem.ts";
import { projectNameOf } from "#machinefile/project.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";
import { type Located, parseYaml } from "#machinefile/yaml/yaml-source.ts";
import { parseFleet } from "./fleet.ts";

/** One entry of the details of a `file-invalid` error. */
export interface FileProblem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Such as `machines.web.publish[1]`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

export interface MachineFileOptions {
  /** Its absolute path, which machines note. */
  readonly fileName: string;
  /** Its name in messages. Default: the path. */
  readonly shownAs?: string;
  /** For `${NAME}` in the file, and for variables that a machine passes on. */
  readonly environment: Variables;
  /** The keys of a machine; the real ones where absent. */
  readonly keys?: MachineKeys;
}

/** So many problems are named, and the rest is counted. */
const mostNamed = 50;
/** Of so many is looked where they were written. */
const mostLocated = 200;

/**
 * Reads a machine file (docs/machine-file.md). Paths of the host stay as written; see `resolvePaths`. Throws
 * one `file-invalid` for everything that is wrong, a line of its message and a `FileProblem` of its details
 * each, in the file's order; of very many things for the first.
 */
export function parseMachineFile(
  text: string,
  { fileName, shownAs = fileName, environment, keys }: MachineFileOptions,
): Fleet {
  const source = parseYaml(text, environment);
  if (source.content === undefined) throw invalid(shownAs, source.faults);
  const reading = parseFleet(source.content, {
    environment,
    unnamed: { name: projectNameOf(fileName), file: fileName },
    keys,
  });
  const located = reading.problems.slice(0, mostLocated).flatMap((problem) => source.locate(problem) ?? []);
  const beyond = Math.max(0, reading.problems.length - mostLocated);
  if (!("fleet" in reading) || source.faults.length > 0)
    throw invalid(shownAs, [...source.faults, ...located], beyond);
  return reading.fleet;
}

function invalid(fileName: string, found: readonly Located[], beyond = 0): BerthError {
  const problems = found
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, mostNamed)
    .map((fault): FileProblem => {
      const { suggestion, ...rest } = {
        ...fault,
        path: cut(renderPath(fault.path)),
        message: cut(fault.message),
      };
      return suggestion === undefined ? rest : { ...rest, suggestion: cut(suggestion) };
    });
  const lines = problems.map((problem) => {
    const where = `${fileName}:${problem.line}:${problem.column}`;
    return `${where} ${problem.path === "" ? "" : `${problem.path}: `}${renderFault(problem)}`;
  });
  const more = found.length - problems.length + beyond;
  if (more > 0) lines.push(`and ${more} more`);
  return new BerthError("file-invalid", lines.join("\n"), {
    hint: `Correct ${fileName}; nothing has been changed.`,
    details: problems,
  });
}
