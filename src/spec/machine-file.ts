import { BerthError } from "../errors.ts";
import { readFleet } from "./fleet.ts";
import type { Variables } from "./interpolate.ts";
import type { Fleet } from "./machine.ts";
import { renderFault, renderPath } from "./problem.ts";
import { projectNameOf } from "./project.ts";
import { type Located, parseYaml } from "./yaml-source.ts";

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
  /** What its problems call it: the same, unless told otherwise. */
  readonly shownAs?: string;
  /** For `${NAME}` in the file, and for variables that a machine passes on. */
  readonly environment: Variables;
}

/**
 * Reads a machine file (docs/machine-file.md). Paths of the host stay as written; see `resolvePaths`.
 * Throws one `file-invalid` for everything that is wrong, a line of its message and a `FileProblem` of its details each, in the file's order.
 */
export function parseMachineFile(text: string, { fileName, shownAs = fileName, environment }: MachineFileOptions): Fleet {
  const source = parseYaml(text, environment);
  if (source.content === undefined) throw invalid(shownAs, source.faults);
  const reading = readFleet(source.content, environment, { name: projectNameOf(fileName), file: fileName });
  const located = reading.problems.flatMap((problem) => source.locate(problem) ?? []);
  if (!("fleet" in reading) || source.faults.length > 0) throw invalid(shownAs, [...source.faults, ...located]);
  return reading.fleet;
}

function invalid(fileName: string, found: readonly Located[]): BerthError {
  const problems = found
    .map((fault): FileProblem => ({ ...fault, path: renderPath(fault.path) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = problems.map((problem) => {
    const where = `${fileName}:${problem.line}:${problem.column}`;
    return `${where} ${problem.path === "" ? "" : `${problem.path}: `}${renderFault(problem)}`;
  });
  return new BerthError("file-invalid", lines.join("\n"), { hint: `Correct ${fileName}; nothing has been changed.`, details: problems });
}
