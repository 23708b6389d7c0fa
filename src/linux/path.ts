/** The directory in which something is, by an absolute path in its shortest form. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Whether a path is this directory or lies below it; both absolute and in their shortest form. */
export function isAt(directory: string, path: string): boolean {
  return directory === "/" || path === directory || path.startsWith(`${directory}/`);
}
