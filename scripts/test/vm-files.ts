import { confinedRoot } from "#support/confined-root.ts";
import { rootTarball } from "../../fidelity/roots.ts";

/** What runs in the VM of `npm run test:vm`. */
export interface VmFile {
  /** A test file, relative to the top, or a folder of them. */
  readonly path: string;
  /** It is run before and after a reboot, with BERTH_TEST_BOOT=1 and 2. */
  readonly reboots?: boolean;
  /** A tarball that it asks for beside the roots that it names (scripts/test/suites.ts). */
  readonly tarball?: () => Promise<string>;
}

/**
 * All that makes sense on a host with one engine of its own. Not among them are files that need several
 * engines, a wire, another root or settings of an engine from its first start.
 */
export const vmFiles: readonly VmFile[] = [
  { path: "test/e2e/host/" },
  { path: "test/e2e/host/apparmor.test.ts", tarball: confinedRoot },
  { path: "test/e2e/host/fidelity.test.ts", tarball: rootTarball },
  { path: "test/e2e/host/reboot.test.ts", reboots: true },
  ...["up", "runtime", "profiles", "isolation", "limits", "lifecycle", "inits", "plain"].map((name) => ({
    path: `test/e2e/machine/${name}.test.ts`,
  })),
  { path: "test/e2e/engine/lxcfs.test.ts" },
  ...["cgroups", "confinement", "devices", "files", "kernel", "namespaces", "shares", "stage", "start"].map(
    (name) => ({ path: `test/e2e/attack/${name}.test.ts` }),
  ),
];

/** The shortest telling part of it, for `npm test`: one boot, one file. */
export const shortVmFiles: readonly VmFile[] = [{ path: "test/e2e/host/telling.test.ts" }];

/** The test files among these that the list names and whose path holds a pattern (all without any). */
export function chooseVmFiles(
  files: readonly string[],
  list: readonly VmFile[],
  patterns: readonly string[],
): readonly string[] {
  return files
    .filter((file) => list.some(({ path }) => (path.endsWith("/") ? file.startsWith(path) : file === path)))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .toSorted();
}
