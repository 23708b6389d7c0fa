import { invalid } from "./invalid.ts";
import { normalizePath } from "./path.ts";

/**
 * A folder of a node that is a machine's root, in its shortest form: an absolute path, never `/`, without
 * what constraints, mounts and labels divide by. Throws `usage`.
 */
export function parseRootFolder(text: string): string {
  const path = normalizePath(text);
  if (!text.startsWith("/")) throw refusal(text, "an absolute path of its node");
  if (path === "/") throw refusal(text, "not the host's own root");
  if (/[\0:,"\r\n]/.test(path)) throw refusal(text, "no NUL, colon, comma, quote or line end");
  return path;
}

/**
 * A root as a machine file names it. It is without "..", which may lead elsewhere than it looks where a link
 * is on the way; labels may have it, as foreign-root-loader's do.
 */
export function parseRoot(text: string): string {
  if (text.split("/").includes("..")) throw refusal(text, 'a path without ".."');
  return parseRootFolder(text);
}

function refusal(text: string, rule: string) {
  return invalid("root", text, `example: /srv/mailcow; ${rule}`);
}
