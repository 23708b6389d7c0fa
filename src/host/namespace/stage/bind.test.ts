import { describe, expect, test } from "bun:test";
import { isRoot } from "#lab/mount-namespace.ts";
import { base, layers, staged } from "#lab/stage.ts";

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
