import { expect, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

const locking = `const { lockFolder } = await import(${JSON.stringify(import.meta.resolve("./lock-folder.ts"))});
  const { mkdirSync, rmdirSync, symlinkSync } = await import("node:fs");
  const failure = (path) => { try { lockFolder(path, path)(); return "none"; } catch (error) { return error.code; } };
  mkdirSync("/run/srv/box", { recursive: true });
  mkdirSync("/run/srv/other");
  symlinkSync("srv/box", "/run/way");`;

test("a folder is one machine's, whatever path leads to it, until it is given up", async () => {
  const seen = await inMounts(`${locking}
    const unlock = lockFolder("/run/srv/box", "/srv/box");
    const held = ["/run/way", "/run/srv/../srv/box", "/run/srv/other"].map(failure);
    unlock();
    const free = failure("/run/way");
    rmdirSync("/run/srv/box");
    return [...held, free, failure("/run/srv/box")];`);
  expect(seen).toEqual(["conflict", "conflict", "none", "none", "file-missing"]);
});

test.skipIf(!isRoot)(
  "another user, who can lock the folder itself, keeps no machine from it (needs root)",
  async () => {
    const seen = await inMounts(`${locking}
    const holder = Bun.spawn(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
      "flock", "--no-fork", "/run/srv/box", "sh", "-c", "echo held; exec cat"], { stdin: "pipe", stdout: "pipe" });
    await holder.stdout.getReader().read();
    const code = failure("/run/srv/box");
    holder.stdin.end();
    return [code, await holder.exited];`);
    expect(seen).toEqual(["none", 0]);
  },
);
