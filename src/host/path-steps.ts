import { lstatSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { PathStep } from "../plan/path-access.ts";
import { hasAccessList } from "./acl.ts";

/** What an absolute path leads through, from / to its end, links as they are; then the same of what it resolves to. Throws where it leads nowhere. */
export function readWay(path: string): readonly PathStep[] {
  const real = realpathSync(path);
  return real === path ? readSteps(path) : [...readSteps(path), ...readSteps(real)];
}

/** The steps of a path, whose last may be a link. */
export function readSteps(path: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  let at = "/";
  for (const part of ["", ...path.split("/").filter((name) => name !== "")]) {
    at = join(at, part);
    const { uid, gid, mode } = lstatSync(at);
    const type = mode & 0o170000;
    const kind = type === 0o040000 ? "directory" : type === 0o120000 ? "link" : "file";
    const path = at;
    steps.push({ path, kind, uid, gid, mode: mode & 0o7777, hasAccessList: () => kind !== "link" && hasAccessList(path) });
  }
  return steps;
}

/** Whom this process may trust: root, the user it runs as, and whoever has become root by sudo(8). */
export function trustedUsers(env: Readonly<Record<string, string | undefined>>): ReadonlySet<number> {
  const uid = process.getuid?.() ?? 0;
  const before = uid === 0 ? Number.parseInt(env.SUDO_UID ?? "", 10) : Number.NaN;
  return new Set([0, uid, ...(Number.isNaN(before) ? [] : [before])]);
}
