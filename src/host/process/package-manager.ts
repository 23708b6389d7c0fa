import { readIfThereSync } from "#host/files/read-if-there.ts";
import { osReleasePaths } from "#linux/os-release.ts";
import { type PackageManager, packageManagerOf } from "#linux/package.ts";

/** What installs packages on this host; undefined where that is not known. */
export function readPackageManager(): PackageManager | undefined {
  const [etc, usr] = osReleasePaths;
  return packageManagerOf(readIfThereSync(etc) ?? readIfThereSync(usr));
}
