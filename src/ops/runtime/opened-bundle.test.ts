import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { tryRun } from "#host/process/run.ts";
import { isRoot } from "#lab/mount-namespace.ts";
import { closeBundle, openBundle } from "./opened-bundle.ts";

const machine = 7_000_000;
let directory = "";
let bundle = "";
let state = "";
beforeEach(() => {
  directory = mkdtempSync("/var/tmp/berth-bundle-");
  chmodSync(directory, 0o755);
  bundle = join(directory, "bundle");
  make(0o700);
  state = join(directory, "state");
  mkdirSync(state);
});
afterEach(() => rmSync(directory, { recursive: true }));

function make(mode: number): void {
  mkdirSync(bundle);
  writeFileSync(join(bundle, "config.json"), "{}");
  chmodSync(bundle, mode);
}
const shown = () => {
  const { uid, gid, mode } = statSync(bundle);
  return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
};
const reads = async (id: number) => {
  const words = [`--reuid=${id}`, `--regid=${id}`, "--clear-groups", "cat", join(bundle, "config.json")];
  return (await tryRun("setpriv", words)).status === 0;
};

describe.skipIf(!isRoot)("a machine's bundle (needs root)", () => {
  test("is read by the machine's root and nobody else, until the end", async () => {
    expect(await reads(machine)).toBe(false);
    openBundle(bundle, state, machine);
    expect([await reads(machine), await reads(machine + 65_536)]).toEqual([true, false]);
    expect(shown()).toBe(`0:${machine} 710`);
    closeBundle(state);
    expect([await reads(machine), shown()]).toEqual([false, "0:0 700"]);
  });

  test("its former group shares no right with the machine, and gets its own back", () => {
    chownSync(bundle, 0, 33);
    chmodSync(bundle, 0o2750);
    openBundle(bundle, state, machine);
    expect(shown()).toBe(`0:${machine} 710`);
    closeBundle(state);
    expect(shown()).toBe("0:33 2750");
  });

  test("stays as it is where others may enter it", () => {
    chmodSync(bundle, 0o755);
    openBundle(bundle, state, machine);
    expect(shown()).toBe("0:0 755");
    closeBundle(state);
    expect(shown()).toBe("0:0 755");
  });

  test("one that is another by now, by whatever name, stays as it is", () => {
    openBundle(bundle, state, machine);
    chmodSync(bundle, 0o750);
    closeBundle(state);
    expect(shown()).toBe(`0:${machine} 750`);
    rmSync(bundle, { recursive: true });
    closeBundle(state);
    make(0o710);
    symlinkSync(bundle, join(directory, "link"));
    const { dev, ino } = statSync(bundle);
    const closeAs = (inode: number, path: string) => {
      writeFileSync(join(state, "bundle"), `0 ${dev} ${inode} 0 ${0o700} ${path}\n`);
      closeBundle(state);
      return shown();
    };
    expect(closeAs(ino + 1, bundle)).toBe("0:0 710");
    expect(closeAs(ino, join(directory, "link"))).toBe("0:0 710");
    expect(closeAs(ino, bundle)).toBe("0:0 700");
  });
});
