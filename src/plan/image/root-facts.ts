import { type Guest, parseGuest, type RootFiles } from "#contract/guest.ts";
import { type Inits, initPaths, inits } from "#contract/init.ts";
import { BerthError } from "#errors.ts";
import { osReleasePaths, parseOsRelease } from "#linux/os-release.ts";

const [etcRelease, usrRelease] = osReleasePaths;

/** A root that can be a machine. */
export interface RootFacts {
  readonly guest: Guest;
  /** What starts it. */
  readonly command: readonly string[];
}

/**
 * Determines the init and command of a root. Throws `no-os` without an operating system, and `no-init`
 * without a supported init. `only` is the single top directory, if any; `what` names the root in messages.
 */
export function parseRootFacts(
  files: RootFiles,
  only: string | undefined,
  what: string,
  table: Inits = inits,
): RootFacts {
  const paths = initPaths(table);
  for (const path of paths) {
    const reading = parseGuest([path], files, table);
    if ("guest" in reading) return { guest: reading.guest, command: [path] };
  }
  const system = parseOsRelease(files.read(etcRelease) ?? files.read(usrRelease));
  const found = {
    init: paths.filter((path) => files.resolve(path) !== undefined),
    top: files.list("/").slice(0, 20),
  };
  if (system === undefined) {
    throw new BerthError(
      "no-os",
      `${what}: no operating system found (neither /etc/os-release nor a supported init)`,
      {
        hint: hintFor(files, only),
        details: found,
      },
    );
  }
  const program = found.init[0];
  const has =
    program === undefined ? "no /sbin/init" : `the unsupported init ${program} (${files.resolve(program)})`;
  throw new BerthError("no-init", `${what} is ${system.prettyName} with ${has}`, {
    hint: "Install a supported init (example: the packages systemd and systemd-sysv).",
    details: { ...found, os: system.id },
  });
}

function hintFor(files: RootFiles, only: string | undefined): string {
  const has = (path: string) => files.resolve(path) !== undefined;
  if (has("/manifest.json") || has("/oci-layout"))
    return "This is an archive of images: load it with `docker load -i FILE`, then name the image.";
  const inside =
    only === undefined ? undefined : [...osReleasePaths, "/sbin/init"].some((path) => has(`/${only}${path}`));
  if (inside)
    return (
      `The root is in ${only}/ inside the tar. ` +
      `Pack it from within: \`tar -C ${only} --numeric-owner --acls --xattrs -cf root.tar .\`.`
    );
  return "Give a tar of a whole root filesystem, with etc/, usr/ and sbin/ at its top.";
}
