/** What is at a path whose last name may be a link; undefined where nothing is. */
export type Found = "directory" | "other" | { readonly target: string } | undefined;

export interface Walk {
  /** As far as something is there, with all symbolic links resolved. */
  readonly found: string;
  /**
   * The names after that, of which the first is not there, or which are to be looked for in what is no
   * directory.
   */
  readonly missing: readonly string[];
}

/** As many links as the kernel follows before ELOOP (path_resolution(7)), */
const mostLinks = 40;
/**
 * and, of them together, as many characters as a path has: one may be as long, and a root's add up to a few
 * hundred.
 */
const longestLinks = 4095;

/**
 * Walks a path as the kernel does in a process whose root this is (path_resolution(7)): absolute links, too,
 * stay in it. `look` is asked of paths without links but perhaps in their last name. Undefined after too many
 * links, or too long ones.
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
