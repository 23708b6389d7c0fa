import { expect, test } from "bun:test";
import { inMounts } from "#lab/mount-namespace.ts";
import { firstSlot, idsPerSlot, slotBase, slots } from "#oci/id-slots.ts";

const taking = `
  const { holdIds, idsOfEngine, releaseIds, takeIds } = await import(${JSON.stringify(import.meta.resolve("./id-ranges.ts"))});
  const { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } = await import("node:fs");
  const machine = (name) => { const state = "/run/states/" + name; mkdirSync(state, { recursive: true }); return state; };
  const take = (name, machineId, count = ${idsPerSlot}) => takeIds(machine(name), machineId.padEnd(32, "0"), count);
  const slot = (index) => String(${firstSlot} + index);
  const links = () => readdirSync("/run/berth/ids").map((name) => name + " " + readlinkSync("/run/berth/ids/" + name)).sort();
  const failure = (taken) => taken.then(() => "none", (error) => error.code);
`;
/** The so-manieth of those that are given out. */
const slot = (index: number) => String(firstSlot + index);
const range = (index: number, count = 1) => ({
  base: slotBase(firstSlot + index),
  count: count * idsPerSlot,
});

test("a machine has its preferred range each time, and notes it down", async () => {
  const seen = await inMounts(`${taking}
    return [await take("a", "00000007"), await take("a", "00000007"), await Bun.file("/run/states/a/ids").text(), links()];`);
  expect(seen).toEqual([range(7), range(7), `${slot(7)} 1\n`, [`${slot(7)} /run/states/a`]]);
});

test("a range that another has is not given, and is free when the other's state is gone, by whatever hand", async () => {
  const seen = await inMounts(`${taking}
    const first = [await take("a", "00000007"), await take("b", "00000007"), await take("c", "00000007")];
    rmSync("/run/states/a/ids");
    rmSync("/run/states/b", { recursive: true });
    return [first, await take("d", "00000007"), await take("e", "00000007"), await take("f", "00000007"), links()];`);
  expect(seen).toEqual([
    [range(7), range(8), range(9)],
    range(7),
    range(8),
    range(10),
    [
      `${slot(7)} /run/states/d`,
      `${slot(8)} /run/states/e`,
      `${slot(9)} /run/states/c`,
      `${slot(10)} /run/states/f`,
    ],
  ]);
});

test("more ids than one system's are a range without a gap, at the end as well", async () => {
  const seen = await inMounts(`${taking}
    return [await take("a", "00000007"), await take("b", "00000005", ${3 * idsPerSlot}), await take("c", "00000005", 1),
      await take("d", "00000006", ${2 * idsPerSlot - 1}), await take("e", "${(slots - 1).toString(16).padStart(8, "0")}", ${2 * idsPerSlot}), links().length];`);
  expect(seen).toEqual([range(7), range(8, 3), range(5), range(11, 2), range(0, 2), 9]);
});

test("what a crash left half done is no obstacle: a note without links, links without a note, and another note", async () => {
  const seen = await inMounts(`${taking}
    await take("other", "000000ff");
    writeFileSync(machine("noted") + "/ids", slot(7) + " 1\\n");
    for (const index of [7, 8]) symlinkSync(machine("linked"), "/run/berth/ids/" + slot(index));
    writeFileSync(machine("elsewhere") + "/ids", slot(20) + " 1\\n");
    symlinkSync(machine("elsewhere"), "/run/berth/ids/" + slot(9));
    symlinkSync("/nowhere", "/run/berth/ids/" + slot(10));
    writeFileSync("/run/states/file", "");
    symlinkSync("/run/states/file", "/run/berth/ids/" + slot(11));
    return [await take("a", "00000007", ${5 * idsPerSlot}), links().length];`);
  expect(seen).toEqual([range(7, 5), 6]);
});

test("when all are taken, that is said", async () => {
  const seen = await inMounts(`${taking}
    await take("first", "00000000");
    writeFileSync("/run/states/first/ids", slot(0) + " ${slots}\\n");
    for (let index = 1; index < ${slots}; index += 1) symlinkSync("/run/states/first", "/run/berth/ids/" + slot(index));
    return [await failure(take("a", "00000007")), await failure(take("a", "00000007", ${2 * idsPerSlot}))];`);
  expect(seen).toEqual(["host-unfit", "host-unfit"]);
});

test("many processes at once, all with the same wish, have ranges of their own", async () => {
  const worker = `${taking} console.log(JSON.stringify(await take(process.argv[1], "00000007")));`;
  const bases = await inMounts<readonly number[]>(`
    const workers = Array.from({ length: 8 }, (_, index) =>
      Bun.spawn([process.execPath, "-e", ${JSON.stringify(worker)}, "m" + index], { stdout: "pipe" }));
    return (await Promise.all(workers.map((worker) => new Response(worker.stdout).json()))).map(({ base }) => base).sort((a, b) => a - b);`);
  expect(bases).toEqual(Array.from({ length: 8 }, (_, index) => slotBase(firstSlot + 7 + index)));
});

test("what is somebody's is left out: of accounts, of what these may give away, of processes, and of a directory that answers in time", async () => {
  const seen = await inMounts(`${taking}
    const base = (index) => ${slotBase(firstSlot)} + index * ${idsPerSlot};
    const run = async (script) => { if ((await Bun.spawn(["sh", "-c", script]).exited) !== 0) throw new Error(script); };
    await run("cp -a /etc /run/etc && mount --bind /run/etc /etc");
    writeFileSync("/etc/passwd", "root:x:0:0::/:/bin/sh\\nann:x:" + (base(7) + 1000) + ":" + (base(8) + 5) + "::/:/bin/sh\\n");
    writeFileSync("/etc/group", "staff:x:" + (base(10) - 1) + ":\\n");
    writeFileSync("/etc/subuid", "bob:" + (base(10) + 65000) + ":65536\\n");
    writeFileSync("/etc/nsswitch.conf", "passwd: files\\ngroup: files\\n");
    const process = Bun.spawn(["setpriv", "--reuid", String(base(12) + 1), "--clear-groups", "sleep", "60"]);
    await run("until [ $(stat -c %u /proc/" + process.pid + ") = " + (base(12) + 1) + " ]; do :; done");
    const first = await take("a", "00000007");
    const script = "#!/bin/sh\\ncase $2 in " + base(14) + ") echo carl:x:$2:1::/:/bin/sh;; " + base(15) + ") exec sleep 60;; esac\\nexit 2\\n";
    await run("mkdir /run/bin");
    writeFileSync("/run/bin/getent", script, { mode: 0o755 });
    globalThis.process.env.PATH = "/run/bin:" + globalThis.process.env.PATH;
    const unasked = await take("b", "0000000e");
    writeFileSync("/etc/nsswitch.conf", "passwd: files sss\\ngroup: files\\n");
    rmSync("/run/states/b", { recursive: true });
    const asked = await take("c", "0000000e");
    process.kill();
    return [first, unasked, asked];`);
  expect(seen).toEqual([range(13), range(14), range(15)]);
});

test("an embedded engine's are the host's: each sees the other's, and what an engine had is free when it has ended", async () => {
  const seen = await inMounts(`${taking}
    const inEngine = async (root, work) => { writeFileSync("/run/berth/root", root + "\\n"); try { return await work(); } finally { rmSync("/run/berth/root"); } };
    holdIds("x");
    const host = await take("a", "00000007");
    // As the host sees the engine's files; there the state is at its own path.
    symlinkSync("/", "/run/engine");
    const engine = await inEngine("/run/engine", () => take("b", "00000007"));
    const other = await inEngine("/run/another", () => take("c", "00000007"));
    rmSync("/run/states/a", { recursive: true });
    // An engine cannot tell that the host's is gone, the host can; and it sees the one of the engine that
    // runs.
    const again = [await inEngine("/run/engine", () => take("d", "00000007")), await take("e", "00000007"), await take("f", "00000007")];
    const before = readdirSync("/run/berth/ids").sort();
    rmSync("/run/engine");
    releaseIds("x");
    const after = readdirSync("/run/berth/ids").sort();
    rmSync("/run/states", { recursive: true });
    releaseIds("x");
    return [host, engine, other, again, before, after, existsSync("/run/berth/ids")];`);
  const others = [range(10), range(7), range(9)];
  const [before, after] = [
    [slot(7), slot(8), slot(9), slot(10), "engine-x"],
    [slot(7), slot(9)],
  ];
  expect(seen).toEqual([range(7), range(8), range(9), others, before, after, false]);
});

test("what an engine's machines have is known by its init's number", async () => {
  const seen = await inMounts(`${taking}
    holdIds("x");
    await take("b", "00000020");
    writeFileSync("/run/berth/root", "/proc/77/root\\n");
    await take("a", "00000007", ${2 * idsPerSlot});
    return [idsOfEngine(77), idsOfEngine(7)];`);
  expect(seen).toEqual([expect.arrayContaining([range(7), range(8)]), []]);
});

// What a machine has put where a dead engine had a state must not be read, let alone waited for.
test("of a link by a process's number the host believes what a living engine has written down, not a later process of that number", async () => {
  const seen = await inMounts(`${taking}
    const { readFileSync } = await import("node:fs");
    const child = Bun.spawn(["sleep", "60"]);
    const stat = readFileSync("/proc/" + child.pid + "/stat", "utf8");
    const [head, tail] = stat.split(") ");
    const fields = tail.split(" ");
    const earlier = [...fields.slice(0, 19), String(Number(fields[19]) - 1), ...fields.slice(20)].join(" ");
    const mark = holdIds("x");
    const seen = [];
    for (const written of [stat, head + ") " + earlier, "", undefined]) {
      writeFileSync(machine("engines") + "/ids", slot(7) + " 1\\n");
      rmSync("/run/berth/ids/" + slot(7), { force: true });
      symlinkSync("/proc/" + child.pid + "/root/run/states/engines", "/run/berth/ids/" + slot(7));
      if (written === undefined) releaseIds("x");
      else writeFileSync(mark, written);
      seen.push((await take("a", "00000007")).base);
      rmSync("/run/states/a", { recursive: true });
    }
    child.kill();
    return seen;`);
  expect(seen).toEqual([8, 7, 8, 7].map((index) => range(index).base));
});
