import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

const hasFuse = isRoot && existsSync("/dev/fuse");
const program = `const { readLxcfs, withLxcfs } = await import(${JSON.stringify(import.meta.resolve("./lxcfs.ts"))});
  const { mount } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/syscalls.ts"))});
  const { openSync, readFileSync, renameSync, symlinkSync, mkdirSync } = await import("node:fs");
  // As fusermount3 -o subtype=lxcfs,fsname=lxcfs,allow_other does it for the user 4242: nobody ever answers.
  const mountUsers = (place, subtype = "lxcfs") => {
    const options = "rootmode=40000,user_id=4242,group_id=4242,allow_other,fd=" + openSync("/dev/fuse", "r+");
    mount("lxcfs", place, "fuse." + subtype, 2 | 4, options);
  };
`;
const look = async (work: string, before?: string) => await inMounts(program + work, before);

describe.skipIf(!hasFuse)("what another user has mounted as fuse.lxcfs (needs root and /dev/fuse)", () => {
  test("is not lxcfs, and nobody waits for it", async () => {
    expect(await look('mountUsers("/run/m"); return readLxcfs() ?? "none";', "mkdir /run/m")).toBe("none");
  });
});

describe.skipIf(!hasFuse || Bun.which("lxcfs") === null)(
  "with lxcfs (needs root, /dev/fuse and lxcfs)",
  () => {
    const start = (place: string) =>
      `chmod 755 /run; mkdir -p ${place}; lxcfs -p /run/lxcfs.pid ${place} >/dev/null 2>&1 & until [ -e ${place}/proc/uptime ]; do sleep 0.05; done`;
    const end = 'process.kill(Number(readFileSync("/run/lxcfs.pid", "utf8")), "SIGKILL");';
    const lookEnding = async (work: string, before: string) =>
      await look(`try { ${work} } finally { ${end} }`, before);
    const found = (directory: string) => ({
      directory,
      device: expect.stringMatching(/^\d+:\d+$/),
      files: expect.arrayContaining(["/proc/uptime"]),
    });

    test("the one that root has mounted is found, whatever others have mounted since", async () => {
      const work = 'mountUsers("/run/m"); return readLxcfs() ?? "none";';
      expect(await lookEnding(work, `mkdir /run/m; ${start("/run/lxcfs")}`)).toEqual(found("/run/lxcfs"));
    });

    test("its files are its own whatever their path leads to meanwhile", async () => {
      const work = `return withLxcfs((_, places) => {
      mountUsers("/run/lxcfs");
      return readFileSync("/proc/self/fd/" + places.get("/proc/uptime"), "utf8");
    }) ?? "none";`;
      expect(await lookEnding(work, start("/run/lxcfs"))).toMatch(/^\d+\.\d+ \d+\.\d+\n$/);
    });

    test("one in directories of root's and of root's group is found", async () => {
      const script = `${start("/run/top/below/lxcfs")}; chmod 775 /run/top; chmod 700 /run/top/below`;
      expect(await lookEnding('return readLxcfs() ?? "none";', script)).toEqual(
        found("/run/top/below/lxcfs"),
      );
    });

    test.each([
      ["under a mount of another user's", 'mountUsers("/run/lxcfs");', ":"],
      ["below a mount of another user's, into which nobody looks", 'mountUsers("/run/top", "other");', ":"],
      ["in a directory of another user's", "", "chown 4242 /run/top"],
      ["in a directory that everybody may write to", "", "chmod 1777 /run/top"],
      ["in a directory that a group may write to", "", "chgrp 4242 /run/top; chmod 775 /run/top"],
      [
        "in a directory that root's group may write to, which another is in",
        "",
        "sed 's/^root:.*/root:x:0:nobody/' /etc/group >/run/group; mount --bind /run/group /etc/group; chmod 775 /run/top",
      ],
      ...(Bun.which("setfacl") === null
        ? []
        : [
            [
              "in a directory that another may write to by an access control list",
              "",
              "setfacl -m u:4242:rwx /run/top",
            ] as const,
          ]),
    ])("one %s is none", async (_, work, before) => {
      const place = work.includes("/run/lxcfs") ? "/run/lxcfs" : "/run/top/below/lxcfs";
      const script = `mkdir /run/top; ${start(place)}; ${before}`;
      expect(await lookEnding(`${work} return readLxcfs() ?? "none";`, script)).toBe("none");
    });

    test("one that has ended is none", async () => {
      const work = `${end} while (readFileSync("/proc/self/mountinfo", "utf8").includes(" /run/lxcfs ") && (() => { try { readFileSync("/run/lxcfs/proc/uptime"); return true; } catch { return false; } })()) await Bun.sleep(20);
      return readLxcfs() ?? "none";`;
      expect(await look(work, start("/run/lxcfs"))).toBe("none");
    });
  },
);
