import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { isRoot } from "#lab/mount-namespace.ts";
import { openBundle, readBundleConfig, writeBundleConfig } from "./bundle-config.ts";

test.skipIf(!isRoot)("a machine's root reads its bundle, and nobody else does (needs root)", async () => {
  const bundle = mkdtempSync("/var/tmp/berth-bundle-");
  const config = join(bundle, "config.json");
  const reads = (uid: number) =>
    run("setpriv", [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "cat", config]).then(
      () => true,
      () => false,
    );
  try {
    chmodSync(bundle, 0o700);
    writeFileSync(config, "{}");
    expect(await reads(7_000_000)).toBe(false);
    openBundle(bundle, 7_000_000);
    expect([await reads(7_000_000), await reads(7_065_536)]).toEqual([true, false]);
    const { uid, gid, mode } = statSync(bundle);
    expect([uid, gid, mode & 0o7777]).toEqual([0, 7_000_000, 0o710]);
  } finally {
    rmSync(bundle, { recursive: true });
  }
});

test("a bundle that is started again begins with its maker's config.json", () => {
  const bundle = mkdtempSync(join(tmpdir(), "berth-bundle-"));
  try {
    writeFileSync(join(bundle, "config.json"), "maker's");
    writeBundleConfig(bundle, readBundleConfig(bundle), "ours");
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe("ours");
    expect(readBundleConfig(bundle)).toBe("maker's");
  } finally {
    rmSync(bundle, { recursive: true });
  }
});
