import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEngineProcess, outermost, parseListeners } from "./engine-process.ts";
import { readText } from "./proc-file.ts";

const table = `Num       RefCount Protocol Flags    Type St Inode Path
00000000840fccd3: 00000002 00000000 00010000 0001 01 200347 /tmp/x/docker.sock
00000000840fccd4: 00000003 00000000 00000000 0001 03 200348 /tmp/x/docker.sock
00000000840fccd5: 00000002 00000000 00010000 0001 01 200349 /tmp/a dir/docker.sock
00000000840fccd6: 00000003 00000000 00000000 0001 03 200350
`;

test.each([
  ["/tmp/x/docker.sock", ["200347"]],
  ["/tmp/a dir/docker.sock", ["200349"]],
  ["/tmp/x/docker", []],
])("listeners at %s", (path, inodes) => expect(parseListeners(table, new Set([path]))).toEqual(inodes));

test.each([
  ["the engine alone", [[70, 1]], 70],
  [
    "a program it is about to start",
    [
      [70, 1],
      [71, 70],
    ],
    70,
  ],
  [
    "one whose number is lower, since numbers start anew",
    [
      [5, 70],
      [70, 1],
    ],
    70,
  ],
  ["none", [], undefined],
] as const)("of %s, the engine is found", (_, holders, engine) =>
  expect(outermost(new Map(holders.map(([pid, parent]) => [pid, parent])))).toBe(engine),
);

test("the kernel's own table is read, and a listener that is no engine is none", async () => {
  const path = join(tmpdir(), `berth-listener-${process.pid}.sock`);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    expect(parseListeners((await readText("/proc/self/net/unix")) ?? "", new Set([path]))).toHaveLength(1);
    expect(await findEngineProcess(path)).toBeUndefined();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
