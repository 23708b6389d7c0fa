export type Path = readonly (string | number)[];

/** One thing that is wrong, and where. */
export interface Problem {
  readonly path: Path;
  /** Whether the key itself is wrong, or what it holds. */
  readonly target: "key" | "value";
  readonly message: string;
  readonly suggestion?: string;
}

export function problem(path: Path, message: string, suggestion?: string, target: Problem["target"] = "value"): Problem {
  return { path, target, message, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** A path as people read it: `machines.web.publish[1]`. */
export function renderPath(path: Path): string {
  return path.reduce<string>((text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`), "");
}

/** A message with its suggestion: `unknown key; did you mean "memory"?`. */
export function renderFault(fault: { readonly message: string; readonly suggestion?: string | undefined }): string {
  return fault.suggestion === undefined ? fault.message : `${fault.message}; did you mean "${fault.suggestion}"?`;
}
