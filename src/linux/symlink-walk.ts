/** What a path is, whose last name may be a link; undefined if it does not exist. */
export type Found = "directory" | "other" | { readonly target: string } | undefined;

export interface Walk {
  /** As far as something is there, with all symbolic links resolved. */
  readonly found: string;
  /** The remaining names. The first one does not exist, or its parent is not a directory. */
  readonly missing: readonly string[];
}

/** The kernel's limit of followed links before ELOOP (path_resolution(7)). */
const mostLinks = 40;
/** Maximal length of all links together; one may be that long, and those of a root need a few hundred. */
const longestLinks = 4095;

/**
 * Walks a path as the kernel does in a process with this root (path_resolution(7)): absolute links stay in
 * it, too. `look` gets paths in which only the last name may be a link. Undefined after too many links, or
 * too long ones.
 */
export function walkSymlinks(path: string, look: (path: string) => Found): Walk | undefined {
  // The names still to walk, the next one last.
  const pending = path.split("/").reverse();
  let resolved: string[] = [];
  let [links, length] = [0, 0];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (!isName(name)) continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const found = look(placeOf([...resolved, name]));
    if (typeof found === "object") {
      links += 1;
      length += found.target.length;
      if (links > mostLinks || length > longestLinks) return undefined;
      if (found.target.startsWith("/")) resolved = [];
      pending.push(...found.target.split("/").reverse());
    } else if (found === undefined || (found === "other" && pending.some(isName))) {
      return { found: placeOf(resolved), missing: [name, ...pending.reverse()].filter(isName) };
    } else {
      resolved.push(name);
    }
  }
  return { found: placeOf(resolved), missing: [] };
}

const isName = (name: string) => name !== "" && name !== ".";

const placeOf = (names: readonly string[]) => `/${names.join("/")}`;
