import { describe, expect, test } from "bun:test";
import { isRoot } from "#lab/mount-namespace.ts";
import { staged } from "#lab/stage.ts";

describe.skipIf(!isRoot)("another network in a stage (needs root)", () => {
  const other = `unshare --net sleep 20 >/dev/null 2>&1 & echo $! >/run/other
    while [ "$(readlink /proc/$(cat /run/other)/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done; mkdir -p /run/state`;

  test("has a sysfs that shows its links alone, read-only, nothing of what is mounted below the host's, and leaves this process where it was", async () => {
    const seen = await staged(
      `const { readlinkSync } = await import("node:fs");
       const own = readlinkSync("/proc/thread-self/ns/net");
       const pid = Number(readFileSync("/run/other", "utf8"));
       open(stage);
       stageSysfs(stage, "/proc/" + pid + "/ns/net");
       const mount = readFileSync("/proc/self/mountinfo", "utf8").split("\\n").find((line) => line.split(" ")[4] === stage + "/sys");
       const places = points();
       const seen = [readdirSync(stage + "/sys/class/net"), mount.split(" ")[5].split(",").slice(0, 4), places.filter((place) => place.startsWith(stage + "/sys/")),
         readlinkSync("/proc/thread-self/ns/net") === own, failure(() => writeFileSync(stage + "/sys/class/net/lo/mtu", "1500")).code];
       process.kill(pid);
       return seen;`,
      other,
    );
    expect(seen).toEqual([["lo"], ["ro", "nosuid", "nodev", "noexec"], [], true, "EROFS"]);
  });

  test("is pinned: what its path names later is another, and one that is the host's by then, or none, is refused", async () => {
    const seen = await staged(
      `const { rmSync } = await import("node:fs");
       const pid = Number(readFileSync("/run/other", "utf8"));
       // As the number of a process names one that comes later.
       const name = (target) => { rmSync("/run/net", { force: true }); symlinkSync(target, "/run/net"); };
       name("/proc/" + pid + "/ns/net");
       const { ino } = statSync("/run/net");
       open(stage);
       const place = stageNetwork(stage, "/run/net");
       name("/proc/self/ns/net");
       const seen = [statSync(place).ino === ino, statSync("/run/net").ino === ino];
       const codes = [];
       for (const target of ["/proc/self/ns/net", "/nowhere"]) {
         name(target);
         const path = "/run/state/" + codes.length;
         open(path);
         codes.push(failure(() => stageNetwork(path, "/run/net")).code);
       }
       process.kill(pid);
       return [...seen, ...codes];`,
      other,
    );
    expect(seen).toEqual([true, false, "host-unfit", "host-unfit"]);
  });

  test("what is no network has no sysfs: the machine cannot be had so, and this process stays where it was", async () => {
    const seen = await staged(
      `const { readlinkSync } = await import("node:fs");
       const own = readlinkSync("/proc/thread-self/ns/net");
       open(stage);
       const codes = ["/run/none", "/proc/self/ns/uts"].map((path) => { const { code } = failure(() => stageSysfs(stage, path)); detach(); return code; });
       function detach() { rmdirSync(stage + "/sys"); }
       return [codes, readlinkSync("/proc/thread-self/ns/net") === own];`,
      "mkdir -p /run/state",
    );
    expect(seen).toEqual([["host-unfit", "host-unfit"], true]);
  });
});
