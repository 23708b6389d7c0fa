import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readMonotonicClock } from "#host/process/monotonic-clock.ts";
import {
  bundle,
  create,
  directory,
  inRun,
  sourceOf,
  systemdArgs,
  sysvinit,
  useBundles,
  writeBundle,
} from "#lab/bundles.ts";

useBundles();

describe("states that others left", () => {
  const states = () => inRun("/run/berth/runtime/swept");
  function leave(name: string, minutes: number): string {
    const state = join(states(), name);
    mkdirSync(join(state, "host"), { recursive: true });
    writeFileSync(join(state, "stop-signal"), `37\n${readMonotonicClock() - minutes * 60_000}\n`);
    for (const file of ["machine-id", "host/container-manager", "host/container-uuid", "host/os-release"]) {
      writeFileSync(join(state, file), "");
    }
    return state;
  }

  test("are removed when old and their container is no more, and nothing else is", async () => {
    const gone = leave("gone", 5);
    const young = leave("young", 0);
    const alive = leave("alive", 5);
    mkdirSync(inRun("/run/swept/alive"), { recursive: true });
    const mixed = leave("mixed", 5);
    writeFileSync(join(mixed, "precious"), "");
    writeFileSync(join(mixed, "host/precious"), "");
    const foreign = join(states(), "foreign");
    mkdirSync(join(foreign, "host"), { recursive: true });
    writeFileSync(join(foreign, "machine-id"), "");
    const before = new Date(Date.now() - 3_600_000);
    utimesSync(foreign, before, before);
    const target = leave("../target", 0);
    symlinkSync(target, join(states(), "link"));
    writeFileSync(join(states(), "file"), "");

    writeBundle({ files: sysvinit });
    expect(
      (await create({ state: "/run/berth/runtime/swept/new", root: "/run/swept" })).code,
    ).toBeUndefined();

    expect(existsSync(gone)).toBe(false);
    for (const kept of [young, alive, target]) expect(existsSync(join(kept, "host/os-release"))).toBe(true);
    expect(readdirSync(mixed, { recursive: true }).toSorted()).toEqual(["host", "host/precious", "precious"]);
    expect(readdirSync(foreign).toSorted()).toEqual(["host", "machine-id"]);
    expect(existsSync(join(states(), "file"))).toBe(true);
    expect(existsSync(join(states(), "new/stop-signal"))).toBe(true);
  });
});

test("many starts at once remove the same old states", async () => {
  const states = inRun("/run/berth/runtime/raced");
  const text = writeBundle({ files: sysvinit });
  for (let index = 0; index < 300; index++) {
    const state = join(states, `old-${index}`);
    mkdirSync(join(state, "host"), { recursive: true });
    writeFileSync(join(state, "stop-signal"), "37\n");
    utimesSync(join(state, "stop-signal"), 0, 0);
  }
  const calls = Array.from({ length: 4 }, (_, index) => {
    const own = mkdtempSync(join(directory, "raced-"));
    writeFileSync(join(own, "config.json"), text.replace('"rootfs"', JSON.stringify(join(bundle, "rootfs"))));
    return create({ bundle: own, state: `/run/berth/runtime/raced/new-${index}`, root: "/run/raced" });
  });
  for (const outcome of await Promise.all(calls)) expect(outcome).toEqual({ warnings: [] });
  expect(readdirSync(states).toSorted()).toEqual(["new-0", "new-1", "new-2", "new-3"]);
});

test("many starts at once make one whole set of masks", async () => {
  rmSync(inRun("/run/berth/masks"), { recursive: true, force: true });
  writeBundle({ args: systemdArgs });
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  const calls = Array.from({ length: 6 }, (_, index) => {
    const own = mkdtempSync(join(directory, "many-"));
    writeFileSync(join(own, "config.json"), text.replace('"rootfs"', JSON.stringify(join(bundle, "rootfs"))));
    return create({ id: `many-${index}`, bundle: own });
  });
  for (const outcome of await Promise.all(calls)) expect(outcome.code).toBeUndefined();
  const masks = readdirSync(inRun("/run/berth/masks"));
  expect(masks).toHaveLength(2);
  for (const name of masks) expect(name).toMatch(/^[0-9a-f]{16}$/);
});

test("masks that a crash left half made are in nobody's way", async () => {
  const masks = inRun("/run/berth/masks");
  for (const name of readdirSync(masks)) {
    mkdirSync(join(masks, `${name}.1`));
    symlinkSync("/dev/null", join(masks, `${name}.1`, "systemd-udevd.service"));
    rmSync(join(masks, name), { recursive: true });
  }
  writeBundle({ args: systemdArgs });
  expect((await create()).code).toBeUndefined();
  expect(readdirSync(inRun(sourceOf("/run/systemd/system.attached"))).length).toBeGreaterThan(20);
});
