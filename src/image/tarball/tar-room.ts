import { BerthError } from "#errors.ts";
import type { TarMember } from "./read-tar.ts";

/** PATH_MAX without its NUL (path_resolution(7)): no engine unpacks a longer one, nor a link to one. */
const longestPath = 4095;
/** Of one member (pax(5)): more than a file can have of attributes and times. */
const mostRecords = 10_000;
/** Bytes of records about all members (pax(5), global header): git-archive(1) writes 52. */
const mostGlobal = 8192;
/** Bytes of an index, for some two million files. */
const mostBytes = 384 * 2 ** 20;
/** What a member takes besides its names. */
const memberBytes = 128;

/** Memory limits for the index of a tar, whose author is not trusted. `what` names the tar in messages. */
export class TarRoom {
  readonly #what: string;
  #left = mostBytes;

  constructor(what: string) {
    this.#what = what;
  }

  /** Throws `file-invalid` for a member that no root can have. */
  check({ name, linkname, records }: TarMember): void {
    for (const path of [name, linkname]) {
      if (path.length <= longestPath) continue;
      throw new BerthError(
        "file-invalid",
        `${this.#what} has a path of ${path.length} characters, ${path.slice(0, 40)}…: ` +
          `Linux allows at most ${longestPath}`,
        { hint: "Pack it again without that: `tar --exclude=…`." },
      );
    }
    if (records.size <= mostRecords) return;
    throw new BerthError(
      "file-invalid",
      `${this.#what} has ${records.size} extended records for ${name.slice(0, 40)}; ` +
        `berth reads at most ${mostRecords}`,
      {
        hint: "Pack the root's files again with tar(1).",
      },
    );
  }

  /** Throws `file-invalid` for a global header that is too long; its content is never read. */
  checkGlobal(bytes: number): void {
    if (bytes <= mostGlobal) return;
    throw new BerthError(
      "file-invalid",
      `${this.#what} has a global header of ${bytes} bytes; berth reads at most ${mostGlobal}`,
      {
        hint: "Pack the root's files again with tar(1).",
      },
    );
  }

  /** Reserves memory for a member with these names. Throws `file-invalid` beyond the limit. */
  take(...texts: readonly string[]): void {
    for (const { length } of texts) this.#left -= length;
    this.#left -= memberBytes;
    if (this.#left >= 0) return;
    throw new BerthError(
      "file-invalid",
      `${this.#what} has too many names: berth reads at most ${mostBytes / 2 ** 20} MiB of them ` +
        "(some two million files)",
      {
        hint: "Leave data out of the root (example: `tar --exclude=./srv`), and mount it as a volume.",
      },
    );
  }
}
