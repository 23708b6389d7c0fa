import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BerthError } from "#errors.ts";
import { run } from "#host/process/run.ts";

/**
 * The files of a program's shared libraries on this host, by the names they are asked for (DT_NEEDED,
 * elf(5)), also the indirect ones.
 */
export type Libraries = ReadonlyMap<string, string>;

/**
 * Asks the program's own interpreter (ld.so(8), `--list`), which maps the file and runs nothing of it. Throws
 * `tool-missing` when a library is not installed, `tool-failed` when the interpreter cannot read the file.
 */
export async function findLibraries(interpreter: string, file: string, what: string): Promise<Libraries> {
  // Without an environment no LD_LIBRARY_PATH or LD_PRELOAD says something else.
  const { stdout } = await run(interpreter, ["--list", file], { env: {} });
  return parseLibraryList(stdout, basename(interpreter), what);
}

/**
 * Reads what `ld.so --list` says: `NAME => PATH (ADDRESS)` a line. What has no arrow is the interpreter or
 * the kernel's own (vdso(7)).
 */
export function parseLibraryList(text: string, interpreter: string, what: string): Libraries {
  const libraries = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name = "", path = ""] = /^\s+(\S+) => (.*?)(?: \(0x[0-9a-f]+\))?$/.exec(line) ?? [];
    if (name === "" || basename(name) === interpreter) continue;
    if (!path.startsWith("/")) {
      throw new BerthError("tool-missing", `${what} needs the library ${name}, which is not installed`, {
        hint: "Install the package that contains it, then run this again.",
        details: { library: name, program: what },
      });
    }
    // A library built for newer processors alone would not start on other nodes of a swarm: the plain one
    // lies two above.
    libraries.set(name, path.replace(/\/glibc-hwcaps\/[^/]+\//, "/"));
  }
  return libraries;
}

/**
 * What the C library loads by name at run time: old ones the services of /etc/nsswitch.conf, all of them
 * libgcc for threads that are ended.
 */
const loadedLater = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2", "libgcc_s.so.1"] as const;

/** Those of them that there are beside the C library. */
export async function findLaterLibraries(libraries: Libraries): Promise<Libraries> {
  const libc = libraries.get("libc.so.6");
  if (libc === undefined) return new Map();
  const there = new Set(await readdir(dirname(libc)));
  return new Map(
    loadedLater.filter((name) => there.has(name)).map((name) => [name, join(dirname(libc), name)]),
  );
}
