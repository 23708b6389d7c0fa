import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundleConfig, writeBundleConfig } from "./bundle-config.ts";

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
