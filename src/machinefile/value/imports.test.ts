import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";

const source = new URL("../../", import.meta.url);
const values = readdirSync(import.meta.dir).filter((name) => /^[a-z-]+\.ts$/.test(name));

test.each([
  "machinefile/machine.ts",
  "linux/capability.ts",
  "machinefile/read/resolve-paths.ts",
  ...values.map((name) => `machinefile/value/${name}`),
])("%s, which berth-runtime may load, imports no package but ipaddr.js", (name) => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const follow = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    for (const { path } of new Bun.Transpiler({ loader: "ts" }).scanImports(readFileSync(file, "utf8"))) {
      if (path.startsWith(".")) follow(new URL(path, file));
      else if (path.startsWith("#")) follow(new URL(path.slice(1), source));
      else packages.add(path);
    }
  };
  follow(new URL(name, source));
  expect([...packages].filter((imported) => imported !== "ipaddr.js")).toEqual([]);
});
