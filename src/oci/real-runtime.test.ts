import { expect, test } from "bun:test";
import { entersSubcgroups, parseRealRuntime, readsMappings } from "./real-runtime.ts";

test.each<[string, string | undefined, boolean, boolean]>([
  ["runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\n", "runc 1.1.5", false, true],
  ["runc version 1.1.10\n", "runc 1.1.10", false, true],
  ["runc version 1.1.11\n", "runc 1.1.11", true, true],
  ["runc version 1.2.0-rc.1\n", "runc 1.2.0", true, true],
  ["runc version 1.3.6\nspec: 1.2.1\n", "runc 1.3.6", true, true],
  ["runc version 2.0\n", "runc 2.0.0", true, true],
  ["runc version 1.0.0-rc93\n", "runc 1.0.0", false, false],
  ["runc version 1.0.3\n", "runc 1.0.3", false, false],
  ["crun version 1.8.1\ncommit: f8a096be\n", "crun 1.8.1", false, true],
  ["crun version 1.28\n", "crun 1.28.0", false, true],
  ["crun version 0.21\n", "crun 0.21.0", false, false],
  ["crun version UNKNOWN\n", undefined, false, false],
  ["NVIDIA Container Runtime version 1.14.3\n\nrunc version 1.1.12\n", undefined, false, false],
  ["", undefined, false, false],
])("%j", (output, named, reads, enters) => {
  const runtime = parseRealRuntime(output);
  expect(runtime && `${runtime.name} ${runtime.version.join(".")}`).toBe(named);
  expect([readsMappings(runtime), entersSubcgroups(runtime)]).toEqual([reads, enters]);
});
