import { describe, expect, test } from "bun:test";
import { isRoot } from "#lab/mount-namespace.ts";
import { base, closeAll, layers, staged } from "#lab/stage.ts";

describe.skipIf(!isRoot)("a stage (needs root)", () => {
  test("shows the layers with mapped ids; what is written there has the owner 0 below", async () => {
    const seen = await staged(`
      open(stage);
      stageRoot(stage, overlay, mapped);
      const root = stage + "/root";
      const owners = [owner(root + "/etc/below"), owner(root + "/above")];
      mkdirSync(root + "/new");
      for (const [file, uid] of [["new/of-root", 0], ["new/of-web", 33]]) {
        writeFileSync(root + "/" + file, "x");
        chownSync(root + "/" + file, ${base} + uid, ${base} + uid);
      }
      chownSync(root + "/new", ${base}, ${base});
      return [owners, ["new", "new/of-root", "new/of-web"].map((file) => owner("/run/l/u/diff/" + file)), readdirSync("/run/l/u").sort()];`);
    expect(seen).toEqual([
      [`${base}:${base}`, `${base + 33}:${base + 33}`],
      ["0:0", "0:0", "33:33"],
      ["berth-work", "diff", "work"],
    ]);
  });

  test("goes with all that is mounted in it, and nothing that it shows is touched; a second time is no fault", async () => {
    const seen = await staged(`
      takeEngines();
      const before = points();
      open(stage);
      stageRoot(stage, overlay, mapped);
      stageBind(stage, { name: "3", source: "/run/l", destination: "/x", recursive: true, ...free }, mapped);
      const during = points().length;
      closeStage(stage);
      closeStage(stage);
      return [during > before.length + 5, JSON.stringify(points()) === JSON.stringify(before), existsSync(stage),
        readFileSync("/run/l/1/etc/below", "utf8"), readdirSync("/run/l/2"), readdirSync("/run/l/u").sort()];`);
    expect(seen).toEqual([true, true, false, "below\n", ["above"], ["berth-work", "diff", "work"]]);
  });

  test("of a tree of shared mounts: its end unmounts none of them", async () => {
    const seen = await staged(
      `const before = points();
       open(stage);
       stageBind(stage, { name: "3", source: "/run/tree", destination: "/x", recursive: true, ...free }, mapped);
       const during = readFileSync(stage + "/3/below/file", "utf8");
       closeStage(stage);
       return [during, JSON.stringify(points()) === JSON.stringify(before), readFileSync("/run/tree/below/file", "utf8")];`,
      "mkdir -p /run/tree /run/state; mount -t tmpfs a /run/tree; mount --make-rshared /run/tree; mkdir /run/tree/below; mount -t tmpfs b /run/tree/below; echo there >/run/tree/below/file",
    );
    expect(seen).toEqual(["there\n", true, "there\n"]);
  });

  test("is seen in no other mount namespace, and its layers are no one's but root's", async () => {
    const seen = await staged(
      `open(stage);
       stageRoot(stage, overlay, mapped);
       const { mode } = statSync(stage + "/layers");
       const pid = Number(readFileSync("/run/other", "utf8"));
       const other = readFileSync("/proc/" + pid + "/mountinfo", "utf8");
       process.kill(pid);
       return [(mode & 0o777).toString(8), other.includes("/run/state/stage/"), readFileSync("/proc/self/mountinfo", "utf8").includes("/run/state/stage/")];`,
      `${layers}
       mount --make-rshared /run
       unshare --mount --propagation slave sleep 20 >/dev/null 2>&1 & echo $! >/run/other
       until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.01; done`,
    );
    expect(seen).toEqual(["700", false, true]);
  });

  test("is entered by nobody but root and the machine's own root", async () => {
    const seen = await staged(`
      open(stage);
      stageRoot(stage, overlay, mapped);
      const looks = [65534, ${base + 33}, ${base}].map((id) => {
        const words = ["setpriv", "--reuid=" + id, "--regid=" + id, "--clear-groups", "sh", "-c", "ls " + stage + " && ls " + stage + "/layers"];
        const { stdout } = Bun.spawnSync(words, { stderr: "ignore" });
        return stdout.toString();
      });
      const { mode, uid, gid } = statSync(stage);
      return [(mode & 0o7777).toString(8), uid, gid, looks];`);
    expect(seen).toEqual(["700", base, base, ["", "", "layers\nroot\n"]]);
  });

  test.each([
    ["only its directory", "mkdir -p /run/state/stage"],
    ["a half-made one", "mkdir -p /run/state/stage/root"],
    ["an empty mount", "mkdir -p /run/state/stage/root; mount -t tmpfs x /run/state/stage"],
    ["nothing", "mkdir -p /run/state"],
  ])("what a crash has left of one goes: %s", async (_, before) => {
    expect(await staged(`closeStage(stage); return [existsSync(stage), points()];`, before)).toEqual([
      false,
      [],
    ]);
  });

  test("many that close the same ones at once have no fault", async () => {
    const seen = await staged(
      `const stages = Array.from({ length: 200 }, (_, index) => "/run/state/" + index + "/stage");
       for (const each of stages) open(each);
       const source = ${JSON.stringify(closeAll)};
       const begin = String(Date.now() + 500);
       const closers = [1, 2, 3].map(() => Bun.spawn([process.execPath, "-e", source, begin, ...stages], { stderr: "inherit" }));
       const statuses = await Promise.all(closers.map(({ exited }) => exited));
       return [statuses, stages.filter((each) => existsSync(each)), points()];`,
      "mkdir -p /run/state",
    );
    expect(seen).toEqual([[0, 0, 0], [], []]);
  });

  test("files that are no stage's are never removed", async () => {
    const seen = await staged(
      `return [failure(() => closeStage(stage)).code, readFileSync(stage + "/root/precious", "utf8")];`,
      "mkdir -p /run/state/stage/root; echo mine >/run/state/stage/root/precious",
    );
    expect(seen).toEqual(["ENOTEMPTY", "mine\n"]);
  });

  test("a layer that is not there: the machine cannot be had on this host, and the stage can still go", async () => {
    const seen = await staged(`
      open(stage);
      const failed = failure(() => stageRoot(stage, { ...overlay, lower: ["/run/l/2", "/run/l/gone"] }, mapped));
      closeStage(stage);
      return [failed.code, failed.message.includes("ENOENT"), existsSync(stage)];`);
    expect(seen).toEqual(["host-unfit", true, false]);
  });

  test("more layers than the options of a mount could name by their paths", async () => {
    const seen = await staged(
      `const lower = Array.from({ length: 120 }, (_, index) => "/run/l/" + "x".repeat(60) + index);
       open(stage);
       stageRoot(stage, { ...overlay, lower }, mapped);
       return readdirSync(stage + "/root").length;`,
      `${layers}; for n in $(seq 0 119); do mkdir -p /run/l/${"x".repeat(60)}$n; touch /run/l/${"x".repeat(60)}$n/f$n; done`,
    );
    expect(seen).toBe(120);
  });

  test("names with what ends an option", async () => {
    const seen = await staged(
      `open(stage);
       stageRoot(stage, { lower: ["/run/l/a:b"], upper: "/run/l/u2/d,i\\\\f:f", options: [] }, mapped);
       return readFileSync(stage + "/root/file", "utf8");`,
      `${layers}; mkdir -p '/run/l/a:b' '/run/l/u2/d,i\\f:f'; echo odd >'/run/l/a:b/file'`,
    );
    expect(seen).toBe("odd\n");
  });
});
