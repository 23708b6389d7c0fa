import { usageError } from "#usage.ts";
import { normalizePath } from "./path.ts";

/**
 * A folder of a node that is a machine's root, in its shortest form: an absolute path, never `/`, without
 * what constraints, mounts and labels divide by. Throws `usage`.
 */
export function parseRootFolder(text: string): string {
  if (!text.startsWith("/"))
    throw usageError(`"${text}" is not an absolute path; a root is a folder of its node`);
  if (text.includes("\0")) throw usageError("a path holds no NUL");
  const path = normalizePath(text);
  if (path === "/") throw usageError("the host's own root cannot be a machine's");
  if (/[:,"\r\n]/.test(path))
    throw usageError(`"${text}": the path of a root holds no colon, comma, quote or line end`);
  return path;
}
