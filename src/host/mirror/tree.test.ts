import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EAGAIN } from "#host/syscall/mirror-calls.ts";
import { awaitedLease } from "#lab/awaited-lease.ts";
import { Tree } from "./tree.ts";

test("leases that somebody keeps are waited for so long in all, and no longer", async () => {
  const directory = mkdtempSync(join(tmpdir(), "berth-leases-"));
  for (const name of ["first", "second"]) writeFileSync(join(directory, name), "");
  // Each is given a moment after somebody waits for it.
  const holder = spawn(
    "perl",
    [
      "-e",
      String.raw`$| = 1; for (@ARGV) { open my $file, "+<", $_; fcntl($file, 1024, 1) or die "lease: $!"; push @held, $file }
        ${awaitedLease}
        $SIG{IO} = sub { select undef, undef, undef, 0.05 until awaited; select undef, undef, undef, 0.3; fcntl(shift @held, 1024, 2) };
        print "held\n"; sleep 1 while 1`,
      join(directory, "first"),
      join(directory, "second"),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(holder.stdout, "data");
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const tree = new Tree(root, { base: 0, count: 65_536 }, 2, undefined, 100);
  const open = (name: string) => {
    const place = tree.place(name);
    tree.look(place);
    const opened = tree.reopen(place, constants.O_RDONLY);
    for (const file of [place, opened]) if (file >= 0) closeSync(file);
    return opened;
  };
  expect([open("first") >= 0, open("second")]).toEqual([true, -EAGAIN]);
  holder.kill();
  await once(holder, "exit");
  expect(open("second")).toBeGreaterThan(0);
  closeSync(root);
  rmSync(directory, { recursive: true });
});
