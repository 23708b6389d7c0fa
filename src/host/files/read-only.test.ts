import { expect, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

test.skipIf(!isRoot)(
  "only what is on a read-only file system is refused, there or not (needs root)",
  async () => {
    const seen = await inMounts(
      `const { requireWritable } = await import(${JSON.stringify(import.meta.resolve("./read-only.ts"))});
       const trial = (path) => requireWritable(path, "use /opt").then(() => "fine", ({ code, message, hint }) => [code, message, hint]);
       return [await trial("/run/ro/file"), await trial("/run/ro/none/below"), await trial("/run/none/below"), await trial("/run/ro/rw/none")];`,
      `mkdir /run/ro; mount -t tmpfs x /run/ro; touch /run/ro/file; mkdir /run/ro/rw; mount -o remount,ro /run/ro
       mount -t tmpfs y /run/ro/rw`,
    );
    expect(seen).toEqual([
      ["host-unfit", "/run/ro/file is on a read-only file system", "use /opt"],
      ["host-unfit", "/run/ro/none/below is on a read-only file system", "use /opt"],
      "fine",
      "fine",
    ]);
  },
);
