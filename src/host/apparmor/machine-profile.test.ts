import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

/** A kernel's list of profiles, and a parser that loads nothing and notes how it was called. */
const staged = `
  const { ensureProfile, isProfileLoaded, unloadProfile } =
    await import(${JSON.stringify(import.meta.resolve("./machine-profile.ts"))});
  const { existsSync, mkdirSync, readFileSync, writeFileSync } = await import("node:fs");
  process.env.PATH = "/usr/bin:/bin";
  const parser = (status) => writeFileSync("/usr/local/sbin/apparmor_parser",
    '#!/bin/sh\\necho "$@" >>/run/calls; cat >/run/loaded; exit ' + status + "\\n", { mode: 0o755 });
  const calls = () => existsSync("/run/calls") ? readFileSync("/run/calls", "utf8").split("\\n").length - 1 : 0;
  const list = (text) => { mkdirSync(policy, { recursive: true }); writeFileSync(policy + "/profiles", text); };
  const policy = "/sys/kernel/security/apparmor";
  const loaded = "berth-machine (enforce)\\n";`;
const canStage = isRoot && existsSync("/sys/kernel/security");
const inStage = (program: string) =>
  inMounts(`${staged}\n${program}`, "mount -t tmpfs -o mode=755 x /usr/local/sbin");

test.skipIf(!canStage)(
  "loads the profile where it is missing or has another version's rules (needs root)",
  async () => {
    const seen = await inStage(`
    parser(0); list("docker-default (enforce)\\n");
    const seen = [ensureProfile(), calls(), readFileSync("/run/loaded", "utf8").includes("profile berth-machine ")];
    list(loaded);
    seen.push(ensureProfile(), calls());
    writeFileSync("/run/berth/apparmor-profile", "another version's");
    seen.push(ensureProfile(), calls(), ensureProfile(), calls());
    return seen;`);
    expect(seen).toEqual([null, 1, true, null, 1, null, 2, null, 2]);
  },
);

test.skipIf(!canStage)(
  "says why it cannot, but not where another version's is loaded (needs root)",
  async () => {
    const seen = await inStage(`
    const seen = [ensureProfile()];
    parser(3); list("");
    seen.push(ensureProfile());
    list(loaded);
    seen.push(ensureProfile(), existsSync("/run/berth/apparmor-profile"));
    return seen;`);
    expect(seen).toEqual([
      "cannot read /sys/kernel/security/apparmor/profiles",
      "apparmor_parser exited with 3",
      null,
      false,
    ]);
  },
);

test.skipIf(!canStage)("unloads it, and only it (needs root)", async () => {
  const seen = await inStage(`
    list("docker-default (enforce)\\n");
    unloadProfile();
    const seen = [existsSync(policy + "/.remove")];
    list(loaded);
    unloadProfile();
    return [...seen, readFileSync(policy + "/.remove", "utf8"), isProfileLoaded()];`);
  expect(seen).toEqual([false, "berth-machine", true]);
});
