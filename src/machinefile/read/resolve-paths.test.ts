import { expect, test } from "bun:test";
import { parseMachineFile } from "./machine-file.ts";
import { resolvePaths } from "./resolve-paths.ts";

test("host paths become absolute, and nothing else changes", () => {
  const text = `
images: {a: {tarball: ../a.tar}, b: {tarball: ~/b.tar}, c: {image: c}, d: {base: scratch, os: debian, release: sid}}
machines:
  m: {image: a, volumes: [./x:/x, "~:/h:ro", /abs/:/y, data:/z, /anonymous]}
`;
  const fleet = parseMachineFile(text, { fileName: "f", environment: {} });
  const resolved = resolvePaths(fleet, { directory: "/site/lab", home: "/home/me" });
  expect(resolved.images).toEqual({
    ...fleet.images,
    a: { tarball: "/site/a.tar" },
    b: { tarball: "/home/me/b.tar" },
  });
  expect(resolved.machines[0]?.volumes.map(({ source }) => source)).toEqual([
    "/site/lab/x",
    "/home/me",
    "/abs",
    "data",
    undefined,
  ]);
  expect(resolved.machines.map((machine) => ({ ...machine, volumes: [] }))).toEqual(
    fleet.machines.map((machine) => ({ ...machine, volumes: [] })),
  );
});
