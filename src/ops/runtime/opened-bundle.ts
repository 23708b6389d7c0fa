import { chmodSync, chownSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withPlace } from "#host/files/beneath.ts";
import { readPlainFile } from "#host/files/plain-file.ts";
import { stateFile } from "#oci/machine-state.ts";

/*
 * A bundle may outlive its machine (Podman's does, and plain runc's), and the machine's ids become another's:
 * what is opened for a start is closed again at its end.
 */

/**
 * Lets a machine's root enter its bundle, as containerd does for id mappings that it knows
 * (runtime/v2/bundle_linux.go): all others stay shut out. Leaves one alone that others may enter.
 */
export function openBundle(bundle: string, state: string, group: number): void {
  const path = realpathSync(bundle);
  withPlace(path, (place, { dev, ino, gid, mode }) => {
    if ((mode & 0o001) !== 0) return;
    const before = [dev, ino, gid, mode & 0o7777].join(" ");
    writeFileSync(join(state, stateFile.bundle), `${group} ${before} ${path}\n`);
    // Its former group must not share its rights with the machine, not even for a moment.
    chmodSync(place, openMode(mode));
    chownSync(place, -1, group);
  });
}

const openMode = (mode: number) => (mode & 0o700) | 0o010;

/** Undoes `openBundle`, but for a bundle that is gone, or that somebody has changed meanwhile. */
export function closeBundle(state: string): void {
  const text = readPlainFile(join(state, stateFile.bundle))?.text ?? "";
  const [, numbers = "", path] = /^((?:\d+ ){5})(\/.*)\n$/s.exec(text) ?? [];
  if (path === undefined) return;
  const [group = 0, dev, ino, gid = 0, mode = 0] = numbers.split(" ").map(Number);
  withPlace(path, (place, found) => {
    if (found.dev !== dev || found.ino !== ino || (found.mode & 0o7777) !== openMode(mode)) return;
    if (found.gid !== group && found.gid !== gid) return;
    chownSync(place, -1, gid);
    chmodSync(place, mode);
  });
}
