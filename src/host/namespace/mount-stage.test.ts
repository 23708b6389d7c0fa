import { describe, expect, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

const base = 0x7000_0000;
/**
 * Lower directories /run/l/1 (below) and /run/l/2, an upper one, and what they are mounted as by an engine:
 * /run/l/merged.
 */
const layers = `
  mkdir -p /run/l/1/etc /run/l/2 /run/l/u/diff /run/l/u/work /run/l/merged /run/state
  echo below >/run/l/1/etc/below; echo above >/run/l/2/above; chown 33:33 /run/l/2/above
  mount -t overlay -o lowerdir=/run/l/2:/run/l/1,upperdir=/run/l/u/diff,workdir=/run/l/u/work overlay /run/l/merged`;
const imports = `
  const { closeStage, openStage, stageBind, stageLayers, stageNetwork, stageRoot: stageOwnRoot, stageSysfs } = await import(${JSON.stringify(import.meta.resolve("./mount-stage.ts"))});
  const { detachMount, forgetNames } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/syscalls.ts"))});
  const { beginUserNamespace } = await import(${JSON.stringify(import.meta.resolve("./user-namespace.ts"))});
  const { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } = await import("node:fs");
  const points = () => readFileSync("/proc/self/mountinfo", "utf8").split("\\n").flatMap((line) => {
    const point = line.split(" ")[4] ?? "";
    return /^\\/run\\/(state|l|tree)(\\/|$)/.test(point) ? [point] : [];
  }).sort();
  const stage = "/run/state/stage";
  const open = (stage) => openStage(stage, ${base});
  /** As a machine has it: the engine's own mount goes in between. */
  const takeEngines = () => { while (points().includes("/run/l/merged")) detachMount("/run/l/merged"); };
  const stageRoot = (stage, overlay, mapped) => {
    stageLayers(stage, overlay, mapped);
    takeEngines();
    stageOwnRoot(stage, overlay);
  };
  const free = { restricted: [], allRestricted: [] };
  const overlay = { lower: ["/run/l/2", "/run/l/1"], upper: "/run/l/u/diff", options: [] };
  const owner = (path) => { const { uid, gid } = statSync(path); return uid + ":" + gid; };
  const failure = (work) => { try { work(); return "none"; } catch ({ code, message }) { return { code, message }; } };
  const namespace = beginUserNamespace();
  const mapped = await namespace.map([{ inside: 0, outside: ${base}, count: 65536 }, { inside: 65536, outside: 0, count: 1 }]);
  namespace.end();
`;
/** Closes stages, from a moment on. */
const closeAll = `
  const { closeStage } = await import(${JSON.stringify(import.meta.resolve("./mount-stage.ts"))});
  const [begin, ...stages] = process.argv.slice(1);
  await Bun.sleep(Number(begin) - Date.now());
  for (const stage of stages) closeStage(stage);
`;
/** As inMounts, with the above at hand; what a test mounts in the stage is gone before /run is. */
const staged = <T = unknown>(program: string, before = layers) => inMounts<T>(imports + program, before);

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

describe.skipIf(!isRoot)("binds in a stage (needs root)", () => {
  test("what a bind may not do is set on it, beside what its source may not", async () => {
    const seen = await staged(
      `open(stage);
       stageBind(stage, { name: "3", source: "/run/tree", destination: "/x", recursive: true, restricted: ["readOnly"], allRestricted: ["noExec"] }, mapped);
       const options = (point) => readFileSync("/proc/self/mountinfo", "utf8").split("\\n").find((line) => line.split(" ")[4] === point).split(" ")[5];
       return [options(stage + "/3"), options(stage + "/3/below")];`,
      "mkdir -p /run/tree /run/state; mount -t tmpfs -o nosuid,nodev none /run/tree; mkdir /run/tree/below; mount -t tmpfs none /run/tree/below",
    );
    expect(seen).toEqual(["ro,nosuid,nodev,noexec,relatime,idmapped", "rw,noexec,relatime,idmapped"]);
  });

  const bind = (source: string, recursive: boolean) =>
    `stageBind(stage, { name: "3", source: ${JSON.stringify(source)}, destination: "/x", recursive: ${recursive}, ...free }, mapped)`;

  test.each([
    ["a directory", "/run/l/2", "/above", `${base + 33}:${base + 33}`],
    ["a file", "/run/l/2/above", "", `${base + 33}:${base + 33}`],
  ])("%s has mapped ids", async (_, source, file, expected) => {
    expect(await staged(`open(stage); return [${bind(source, false)}, owner(stage + "/3${file}")];`)).toEqual(
      [true, expected],
    );
  });

  test("a tree, with what is mounted in it; without the tree that is hidden", async () => {
    const before = `${layers}; mkdir /run/l/2/in; mount -t tmpfs in /run/l/2/in; echo deep >/run/l/2/in/file`;
    const look = `owner(stage + "/3/above"), existsSync(stage + "/3/in/file") && owner(stage + "/3/in/file")`;
    expect(await staged(`open(stage); return [${bind("/run/l/2", true)}, ${look}];`, before)).toEqual([
      true,
      `${base + 33}:${base + 33}`,
      `${base}:${base}`,
    ]);
    expect(await staged(`open(stage); return [${bind("/run/l/2", false)}, ${look}];`, before)).toEqual([
      true,
      `${base + 33}:${base + 33}`,
      false,
    ]);
  });

  test("a tree that holds what maps no ids: its top has them", async () => {
    const before = `${layers}; mkdir /run/l/2/proc; mount -t proc proc /run/l/2/proc`;
    const seen = await staged(
      `open(stage); return [${bind("/run/l/2", true)}, owner(stage + "/3/above"), existsSync(stage + "/3/proc/1")];`,
      before,
    );
    expect(seen).toEqual([true, `${base + 33}:${base + 33}`, true]);
  });

  test("what maps no ids is there as it is, and that is told", async () => {
    expect(
      await staged(`open(stage); return [${bind("/proc", false)}, existsSync(stage + "/3/self")];`),
    ).toEqual([false, true]);
  });

  test("what its path leads to is asked once, also while another makes it lead elsewhere", async () => {
    const seen = await staged(
      `const flip = Bun.spawn(["timeout", "20", "sh", "-c", "while :; do ln -s 2 /run/l/n; mv -T /run/l/n /run/l/way; ln -s 2/above /run/l/n; mv -T /run/l/n /run/l/way; done"]);
       while (!existsSync("/run/l/way")) await Bun.sleep(1);
       open(stage);
       const kinds = new Set();
       for (let round = 0; round < 1500 && kinds.size < 3; round += 1) {
         const { code } = failure(() => stageBind(stage, { name: "b" + round, source: "/run/l/way", destination: "/x", recursive: false, ...free }, mapped));
         kinds.add(code ?? (statSync(stage + "/b" + round).isDirectory() ? "directory" : "file"));
         if (code === undefined) detachMount(stage + "/b" + round);
       }
       flip.kill();
       await flip.exited;
       return [...kinds].sort();`,
    );
    expect(seen).toEqual(["directory", "file"]);
  });

  test("what is not there is a fault", async () => {
    expect(await staged(`open(stage); return failure(() => ${bind("/run/l/none", false)}).code;`)).toBe(
      "ENOENT",
    );
  });
});

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
      `const { rmSync, symlinkSync } = await import("node:fs");
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

describe.skipIf(!isRoot)("names that an overlay remembers (needs root)", () => {
  const changeBelow = `
    open(stage);
    stageLayers(stage, overlay, mapped);
    stageOwnRoot(stage, overlay);
    const root = stage + "/root";
    const before = [existsSync("/run/l/merged/late"), existsSync(root + "/late")];
    writeFileSync("/run/l/merged/late", "late");`;

  test("are looked up anew once they are forgotten", async () => {
    const seen = await staged(`${changeBelow}
      for (const place of ["/run/l/merged", root]) forgetNames(place);
      return [before, existsSync(root + "/late"), readFileSync(root + "/late", "utf8")];`);
    expect(seen).toEqual([[false, false], true, "late"]);
  });

  test.each([
    ["a directory in it", "/run/l/merged/etc"],
    ["another file system", "/run/l"],
    ["a file system whose options a change without any would reset", "/run/pts"],
  ])("%s is left alone", async (_, place) => {
    const options = `readFileSync("/proc/self/mountinfo", "utf8")`;
    const before = `${layers}; mkdir /run/pts; mount -t devpts -o mode=600,ptmxmode=0666,gid=5 devpts /run/pts`;
    const look = `const before = ${options}; forgetNames(${JSON.stringify(place)}); return before === ${options};`;
    expect(await staged(look, before)).toBe(true);
  });

  test("a place that is not there is a fault", async () => {
    expect(await staged(`return failure(() => forgetNames("/run/none")).code;`)).toBe("ENOENT");
  });
});
