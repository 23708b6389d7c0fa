import { expect, test } from "bun:test";
import type { OciConfig } from "#oci/config.ts";
import { hasBundleReaders } from "./bundle-readers.ts";

const hook = { path: "/usr/bin/nvidia-cdi-hook", args: ["nvidia-cdi-hook", "update-ldcache"] };

test.each<[string, OciConfig["hooks"], boolean]>([
  ["no hooks", undefined, false],
  ["an empty list", { createContainer: [] }, false],
  ["hooks of the host's root", { createRuntime: [hook], poststop: [hook], prestart: [hook] }, false],
  ["hooks within the machine's root, which see no bundle", { startContainer: [hook] }, false],
  ["hooks in the machine's namespaces", { createContainer: [hook] }, true],
])("%s", (_, hooks, reads) => {
  const config = { ociVersion: "1.0.2", process: { args: [] }, root: { path: "rootfs" }, hooks };
  expect(hasBundleReaders(config as OciConfig)).toBe(reads);
});
