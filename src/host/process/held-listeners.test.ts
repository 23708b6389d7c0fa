import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseListeners, readHeldListeners, readListening } from "./held-listeners.ts";

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

test("a long table is read piece by piece, and no further than so many bytes", () => {
  const file = join(tmpdir(), `berth-table-${process.pid}`);
  const line = (inode: number, path: string) =>
    `00000000840fccd3: 00000002 00000000 00010000 0001 01 ${inode} ${path}\n`;
  const lines = Array.from({ length: 5_000 }, (_, n) =>
    line(n, n % 1_000 === 999 ? "/x" : `/${"y".repeat(n % 90)}`),
  );
  const upTo = (count: number) => lines.slice(0, count).join("").length;
  try {
    writeFileSync(file, lines.join(""));
    const read = (most: number) => readListening(file, new Set(["/x"]), most);
    expect(read(Number.POSITIVE_INFINITY)).toEqual(["999", "1999", "2999", "3999", "4999"]);
    expect([upTo(3_000), upTo(3_000) - 1, 1_000, 0].map(read)).toEqual([
      ["999", "1999", "2999"],
      ["999", "1999"],
      [],
      [],
    ]);
    // A line longer than any of the kernel's.
    writeFileSync(file, `${"z".repeat(200_000)}\n${line(7, "/x")}`);
    expect(read(Number.POSITIVE_INFINITY)).toEqual(["7"]);
  } finally {
    rmSync(file, { force: true });
  }
});

test("the kernel's own tables: who listens holds the socket, its own child that was given none does not", async () => {
  const path = join(tmpdir(), `berth-listener-${process.pid}.sock`);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const child = Bun.spawn(["sleep", "60"]);
  try {
    expect(readHeldListeners(process.pid, new Set([path]))).toHaveLength(1);
    expect(readHeldListeners(process.pid, new Set([`${path}.other`]))).toEqual([]);
    expect(readHeldListeners(child.pid, new Set([path]))).toEqual([]);
  } finally {
    child.kill("SIGKILL");
    await Promise.all([child.exited, new Promise((resolve) => server.close(resolve))]);
  }
  expect(readHeldListeners(child.pid, new Set([path]))).toEqual([]);
});

test("of a process with very many descriptors the lowest are looked at alone", async () => {
  const path = join(tmpdir(), `berth-listeners-${process.pid}`);
  const listens = `use Socket; $^F = 9999; my ($path, $count) = @ARGV; open $held[$_], "<", "/dev/null" or die $! for 1 .. $count;
    socket(S, PF_UNIX, SOCK_STREAM, 0) or die $!; bind(S, pack_sockaddr_un($path)) or die $!; listen(S, 9) or die $!;
    $| = 1; print "listens\\n"; sleep 60`;
  const children = [2_000, 4_200].map((count) =>
    Bun.spawn(
      ["sh", "-c", 'ulimit -n 5000; exec perl -e "$@"', "sh", listens, `${path}-${count}`, String(count)],
      { stdout: "pipe" },
    ),
  );
  try {
    for (const child of children) await child.stdout.getReader().read();
    expect(
      children.map(({ pid }, n) => readHeldListeners(pid, new Set([`${path}-${[2_000, 4_200][n]}`])).length),
    ).toEqual([1, 0]);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map(({ exited }) => exited));
    for (const count of [2_000, 4_200]) rmSync(`${path}-${count}`, { force: true });
  }
});
