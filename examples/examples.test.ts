import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import { resolvePaths } from "#machinefile/read/resolve-paths.ts";

const files = [...new Bun.Glob("*/berth.yaml").scanSync(import.meta.dir)].map((name) =>
  join(import.meta.dir, name),
);

test("there are examples", () => {
  expect(files.length).toBeGreaterThanOrEqual(4);
});

describe.each(files)("%s", (file) => {
  const fleet = resolvePaths(
    parseMachineFile(readFileSync(file, "utf8"), { fileName: file, environment: {} }),
    {
      directory: dirname(file),
      home: "/root",
    },
  );

  test("its machines' images are its own, so that no engine needs anything beforehand", () => {
    for (const { image, root } of fleet.machines)
      if (root === undefined) expect(Object.keys(fleet.images)).toContain(image);
  });

  test("what it mounts from its directory is there", () => {
    const binds = fleet.machines.flatMap(({ volumes }) =>
      volumes.flatMap(({ kind, source = "" }) => (kind === "bind" ? [source] : [])),
    );
    for (const path of binds) expect([path, existsSync(path)]).toEqual([path, true]);
  });
});

test("no two share a name of a machine, so that all can run on one engine", () => {
  const names = files.flatMap((file) =>
    parseMachineFile(readFileSync(file, "utf8"), { fileName: file, environment: {} }).machines.map(
      ({ name }) => name,
    ),
  );
  expect(new Set(names).size).toBe(names.length);
});

test("no two share a network, so that all can run on one engine", () => {
  const networks = files.map(
    (file) => parseMachineFile(readFileSync(file, "utf8"), { fileName: file, environment: {} }).network,
  );
  expect(new Set(networks.map(({ domain }) => domain)).size).toBe(files.length);
  const subnets = networks.flatMap(({ subnet }) => subnet ?? []);
  expect(new Set(subnets).size).toBe(subnets.length);
});
