import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isInitKind } from "#contract/init.ts";
import { filesIn } from "#host/files/files-in.ts";
import { readIfThere } from "#host/files/read-if-there.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { sha256 } from "#host/files/sha256.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** What decides which init a machine has. */
export interface InitKey {
  /** The image's id. */
  readonly image: string;
  readonly command: readonly string[];
}

/** Below `cacheDirectory`: the inits that were read from machines, each in a file. */
const directory = "inits";

const fileOf = (cache: string, { image, command }: InitKey) =>
  join(cache, directory, sha256([image, ...command].join("\0")));

/** Undefined also for a file that says nothing that berth writes. */
export async function readCachedInit(cache: string, key: InitKey): Promise<string | undefined> {
  const text = await readIfThere(fileOf(cache, key), ["ENOENT", "ENOTDIR", "EACCES"]);
  const [, init, kind] = /^(([a-z0-9]+)(?: \d+)?)\n$/.exec(text ?? "") ?? [];
  return isInitKind(kind) ? init : undefined;
}

/** Does nothing where the cache cannot be written: it is read again then. */
export async function writeCachedInit(cache: string, key: InitKey, init: string): Promise<void> {
  try {
    await mkdir(join(cache, directory), { recursive: true });
    await replaceFile(fileOf(cache, key), `${init}\n`);
  } catch (error) {
    if (!hasErrno(error, ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"])) throw error;
  }
}

/** The files of all, by their paths. */
export const findCachedInits = (cache: string): Promise<readonly string[]> => filesIn(join(cache, directory));

export async function removeCachedInits(cache: string): Promise<void> {
  await rm(join(cache, directory), { recursive: true, force: true });
}
