/** Where relative paths and `~` lead. Both absolute. */
export interface PathBase {
  readonly directory: string;
  readonly home: string;
}

/**
 * An absolute path in its shortest form: no `.`, `..`, doubled or last slash. Lexical: symlinks are not
 * looked at.
 */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Makes a host path absolute: `~` and `~/x` below the home, others below the directory. */
export function resolvePath(path: string, base: PathBase): string {
  if (path === "~" || path.startsWith("~/")) return normalizePath(base.home + path.slice(1));
  return normalizePath(path.startsWith("/") ? path : `${base.directory}/${path}`);
}
