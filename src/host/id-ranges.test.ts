import { expect, test } from "bun:test";
import { inMounts } from "../../test/lab/mount-namespace.ts";
import { idsPerSlot, slotBase, slots } from "../oci/id-slots.ts";

const taking = `
  const { takeIds } = await import(${JSON.stringify(import.meta.resolve("./id-ranges.ts"))});
  const { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } = await import("node:fs");
  const machine = (name) => { const state = "/run/states/" + name; mkdirSync(state, { recursive: true }); return state; };
  const take = (name, machineId, count = ${idsPerSlot}) => takeIds(machine(name), machineId.padEnd(32, "0"), count);
  const links = () => readdirSync("/run/berth/ids").filter((name) => name !== "lock").map((name) => name + " " + readlinkSync("/run/berth/ids/" + name)).sort();
  const failure = (work) => { try { work(); return "none"; } catch (error) { return error.code; } };
`;
const slotOf = (machineId: string) => Number.parseInt(machineId, 16) % slots;
const range = (slot: number, count = 1) => ({ base: slotBase(slot), count: count * idsPerSlot });

test("a machine has its preferred range each time, and notes it down", async () => {
  const seen = await inMounts(`${taking}
    return [take("a", "00000007"), take("a", "00000007"), await Bun.file("/run/states/a/ids").text(), links()];`);
  expect(seen).toEqual([range(7), range(7), "7 1\n", ["7 /run/states/a"]]);
});

test("a range that another has is not given, and is free when the other's state is gone, by whatever hand", async () => {
  const seen = await inMounts(`${taking}
    const first = [take("a", "00000007"), take("b", "00000007"), take("c", "00000007")];
    rmSync("/run/states/a/ids");
    rmSync("/run/states/b", { recursive: true });
    return [first, take("d", "00000007"), take("e", "00000007"), take("f", "00000007"), links()];`);
  expect(seen).toEqual([
    [range(7), range(8), range(9)],
    range(7),
    range(8),
    range(10),
    ["10 /run/states/f", "7 /run/states/d", "8 /run/states/e", "9 /run/states/c"],
  ]);
});

test("more ids than one system's are a range without a gap, at the end as well", async () => {
  const seen = await inMounts(`${taking}
    return [take("a", "00000007"), take("b", "00000005", ${3 * idsPerSlot}), take("c", "00000005", 1),
      take("d", "00000006", ${2 * idsPerSlot - 1}), take("e", "${(slots - 1).toString(16).padStart(8, "0")}", ${2 * idsPerSlot}), links().length];`);
  expect(seen).toEqual([range(7), range(8, 3), range(5), range(11, 2), range(0, 2), 9]);
  expect(slotOf((slots - 1).toString(16))).toBe(slots - 1);
});

test("what a crash left half done is no obstacle: a note without links, links without a note, and another note", async () => {
  const seen = await inMounts(`${taking}
    take("other", "000000ff");
    writeFileSync(machine("noted") + "/ids", "7 1\\n");
    for (const slot of [7, 8]) symlinkSync(machine("linked"), "/run/berth/ids/" + slot);
    writeFileSync(machine("elsewhere") + "/ids", "20 1\\n");
    symlinkSync(machine("elsewhere"), "/run/berth/ids/9");
    symlinkSync("/nowhere", "/run/berth/ids/10");
    writeFileSync("/run/states/file", "");
    symlinkSync("/run/states/file", "/run/berth/ids/11");
    return [take("a", "00000007", ${5 * idsPerSlot}), links().length];`);
  expect(seen).toEqual([range(7, 5), 6]);
});

test("when all are taken, that is said", async () => {
  const seen = await inMounts(`${taking}
    take("first", "00000000");
    writeFileSync("/run/states/first/ids", "0 ${slots}\\n");
    for (let slot = 1; slot < ${slots}; slot += 1) symlinkSync("/run/states/first", "/run/berth/ids/" + slot);
    return [failure(() => take("a", "00000007")), failure(() => take("a", "00000007", ${2 * idsPerSlot}))];`);
  expect(seen).toEqual(["host-unfit", "host-unfit"]);
});

test("many processes at once, all with the same wish, have ranges of their own", async () => {
  const worker = `${taking} console.log(JSON.stringify(take(process.argv[1], "00000007")));`;
  const bases = await inMounts<readonly number[]>(`
    const workers = Array.from({ length: 8 }, (_, index) =>
      Bun.spawn([process.execPath, "-e", ${JSON.stringify(worker)}, "m" + index], { stdout: "pipe" }));
    return (await Promise.all(workers.map((worker) => new Response(worker.stdout).json()))).map(({ base }) => base).sort((a, b) => a - b);`);
  expect(bases).toEqual(Array.from({ length: 8 }, (_, index) => slotBase(7 + index)));
});
