export type Path = readonly (string | number)[];

/** One thing that is wrong, and where. */
export interface Problem {
  readonly path: Path;
  /** Whether the key itself is wrong, or what it holds. */
  readonly target: "key" | "value";
  readonly message: string;
  readonly suggestion?: string;
}

export function problem(
  path: Path,
  message: string,
  suggestion?: string,
  target: Problem["target"] = "value",
): Problem {
  return { path, target, message, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** Limit of reported problems: a large file's defaults could cause millions. */
export const mostProblems = 100;

/**
 * The first `mostProblems` problems of some checks. A default that does not fit, found again for each
 * machine, must be one problem.
 */
export function firstProblems(checks: readonly Iterable<Problem>[]): Problem[] {
  const found = new Map<string, Problem>();
  for (const [index, check] of checks.entries()) {
    for (const fault of check) {
      const place = JSON.stringify([fault.path, fault.path[0] === "defaults" ? index : fault.message]);
      if (!found.has(place)) found.set(place, fault);
      if (found.size === mostProblems) return [...found.values()];
    }
  }
  return [...found.values()];
}

/** A path as people read it: `machines.web.publish[1]`. */
export function renderPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
    "",
  );
}

/** A message with its suggestion: `unknown key; did you mean "memory"?`. */
export function renderFault(fault: {
  readonly message: string;
  readonly suggestion?: string | undefined;
}): string {
  return fault.suggestion === undefined
    ? fault.message
    : `${fault.message}; did you mean "${fault.suggestion}"?`;
}

/** Limit of a quoted value in a message, in characters. */
const longestText = 400;

/** A text, without its middle where it is longer than is read. */
export function cut(text: string): string {
  if (text.length <= longestText) return text;
  return `${text.slice(0, longestText / 2)}…${text.slice(-longestText / 2)}`;
}
