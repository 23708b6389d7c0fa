import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { readPackageManager } from "#host/process/package-manager.ts";
import { packageOf } from "#linux/package.ts";
import { systemDirectories } from "#linux/search-path.ts";

/** Where the packages of docker-ce keep docker-init. */
const dockerDirectories = ["/usr/local/libexec/docker", "/usr/libexec/docker", "/usr/lib/docker"] as const;

/**
 * Finds the first of several equivalent programs below a root directory; its path is as seen from that root.
 * Throws `tool-missing`, naming the package.
 */
export async function findTool(names: readonly [string, ...string[]], root = "/"): Promise<string> {
  for (const name of names) {
    for (const directory of [...systemDirectories, ...dockerDirectories]) {
      const path = join(directory, name);
      if (await isExecutable(join(root, path))) return path;
    }
  }
  const wanted = packageOf(names[0], root === "/" ? readPackageManager() : "apt") ?? names[0];
  const where = root === "/" ? "" : ` in ${root}`;
  throw new BerthError("tool-missing", `${names.join(" or ")} is not installed${where}`, {
    hint: `Install the package ${wanted}${where}.`,
    details: { tool: names[0], package: wanted, root },
  });
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
