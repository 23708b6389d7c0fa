import { describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import type { OciConfig } from "#oci/config.ts";
import { dist } from "#support/berth.ts";

import { mirrorsLeft } from "#support/mirrors.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { hybrid: { images: [] }, v2: { cgroupView: "v2", images: [] } },
  images: {},
});
const launcher = join(dist, "berth-runtime");

/**
 * A bundle as users of runc make it, in whose place for the root a root's tarball is unpacked below an
 * overlay. Where the overlay is.
 */
async function makeBundle(engine: Node, bundle: string): Promise<string> {
  const root = join(bundle, "rootfs");
  for (const name of ["lower", "upper", "work", "rootfs"])
    await mkdir(join(bundle, name), { recursive: true });
  await engine.run(
    "tar",
    "--extract",
    "--file",
    await labImage("bookworm"),
    "--directory",
    join(bundle, "lower"),
  );
  const layers = `lowerdir=${join(bundle, "lower")},upperdir=${join(bundle, "upper")},workdir=${join(bundle, "work")}`;
  await engine.run("mount", "--no-mtab", "-t", "overlay", "-o", layers, "overlay", root);
  await engine.run("runc", "spec", "--bundle", bundle);
  const config = JSON.parse(await readFile(join(bundle, "config.json"), "utf8")) as OciConfig;
  const own = {
    ...config,
    root: { path: "rootfs" },
    process: { ...config.process, args: ["/sbin/init"], terminal: false },
  };
  await writeFile(join(bundle, "config.json"), JSON.stringify(own));
  return root;
}

describe.skipIf(!canHaveEngines).each(["hybrid", "v2"])(
  "a bundle that is run by hand on %s (needs root)",
  (view) => {
    test.each(["full", "strict"])(
      "in the foreground leaves nothing at its end, and runs again under another name and root (%s)",
      async (profile) => {
        const engine = node(view);
        const bundle = join(dirname(engine.configFile), `bundle-${profile}`);
        const root = await makeBundle(engine, bundle);
        const text = (await readFile(join(bundle, "config.json"), "utf8")).replace(
          '"env":[',
          `"env":["BERTH_PROFILE=${profile}",`,
        );
        await writeFile(join(bundle, "config.json"), text);
        for (const words of [
          ["run", "--bundle", bundle, "one"],
          ["--root", "/run/others", "run", "--bundle", bundle, "two"],
        ]) {
          const [own, name = ""] = [words[0] === "--root" ? words.slice(0, 2) : [], words.at(-1)];
          const running = engine.run(launcher, ...words);
          const ask = [launcher, ...own, "exec", name, "systemctl", "is-system-running"].join(" ");
          await waitFor(`${name} boots`, async () => {
            const { stdout } = await engine.run("sh", "-c", `${ask} 2>/dev/null || true`);
            return /^(running|degraded)$/.test(stdout.trim()) ? true : undefined;
          });
          const map = (await engine.run(launcher, ...own, "exec", name, "cat", "/proc/self/uid_map")).stdout
            .trim()
            .split(/\s+/);
          expect(map[1] === "0").toBe(profile === "strict");
          await engine.run(launcher, ...own, "kill", name);
          expect((await running).status).toBe(0);
          await waitFor("nothing is left of it", async () =>
            (await mirrorsLeft(engine)).length === 0 ? true : undefined,
          );
          expect((await engine.run("findmnt", "--noheadings", "--output", "FSTYPE", root)).stdout).toBe(
            "overlay\n",
          );
        }
        const cgroups =
          "find /sys/fs/cgroup -maxdepth 2 -name 'berth*' ! -name 'berth-engine-*' ! -name 'berth-machine-*'";
        expect((await engine.run("sh", "-c", cgroups)).stdout).toBe("");
        await engine.run("umount", "--no-mtab", root);
      },
    );
  },
);
