import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "#host/files/sha256.ts";

/** Directories that all machines with the same content share as a mount, each named after its content. */
const masksIn = (home: string) => join(home, "masks");
const loginsIn = (home: string) => join(home, "login");

/** A directory with a link to /dev/null of each name; undefined for none. */
export function writeMasks(home: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  return shareDirectory(masksIn(home), names.join("\n"), (draft) => {
    for (const name of names) symlinkSync("/dev/null", join(draft, name));
  });
}

/** A directory with this drop-in, whose name lets any other win; undefined for none. */
export function writeLogin(home: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return shareDirectory(loginsIn(home), text, (draft) =>
    writeFileSync(join(draft, "00-berth.conf"), text, { mode: 0o644 }),
  );
}

/** Build it aside and rename it, so that another start never sees half of it. */
function shareDirectory(parent: string, content: string, fill: (draft: string) => void): string {
  const directory = join(parent, sha256(content).slice(0, 16));
  if (existsSync(directory)) return directory;
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const draft = mkdtempSync(`${directory}.`);
  chmodSync(draft, 0o755);
  fill(draft);
  try {
    renameSync(draft, directory);
  } catch (cause) {
    rmSync(draft, { recursive: true });
    if (!existsSync(directory)) throw cause;
  }
  return directory;
}
