import { describe, expect, test } from "bun:test";
import type { MachineFiles, Place } from "#contract/guest.ts";
import type { OciConfig, OciMount } from "./config.ts";
import { type EngineFilesPlan, mountedFiles, planEngineFiles } from "./engine-files.ts";

const id = "0123456789abcdef".repeat(4);
const other = "fedc".repeat(16);
const engineFile = (name: string, of = id): OciMount => ({
  destination: `/etc/${name}`,
  type: "bind",
  source: `/var/lib/docker/containers/${of}/${name}`,
  options: ["rbind", "rprivate"],
});
const configOf = (...mounts: readonly OciMount[]): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"] },
  root: { path: "/m" },
  mounts: [...mounts],
});
const filesWith = (place: Omit<Place, "path">, text?: string): MachineFiles => ({
  resolve: (path) => path,
  read: () => text,
  list: () => [],
  isElf: () => false,
  place: (path) => ({ path, ...place }),
});
const inRoot = filesWith({ exists: true, bound: false }, "debian\n");
const inFolder = filesWith({ exists: true, bound: true }, "folder\n");
const missing = filesWith({ exists: false, bound: true });
const all = configOf(engineFile("resolv.conf"), engineFile("hostname"), engineFile("hosts"));
const plan = (
  config: OciConfig,
  files: MachineFiles,
  { isolated = true, hostname }: { isolated?: boolean; hostname?: string } = {},
) => planEngineFiles(config, { id, isolated, hostname, hostnameFile: "/state/hostname", files });
const kept = ({ mounts }: EngineFilesPlan) => mounts.map(({ destination, source }) => [destination, source]);
const sources = (...names: readonly string[]) =>
  names.map((name) => [`/etc/${name}`, engineFile(name).source]);

describe("the host name", () => {
  test.each([
    ["of this container", id],
    ["of the one whose network it has", other],
    ["as Podman keeps it", `${id}/userdata`],
  ])("in the root: a file of the machine's, not the engine's %s", (_, of) => {
    const planned = plan(configOf(engineFile("hosts", of), engineFile("hostname", of)), inRoot);
    expect(planned).toMatchObject({
      writesHostname: true,
      warnings: [],
      mounts: [engineFile("hosts", of)],
    });
    expect(plan(configOf(engineFile("hostname", of)), inRoot, { hostname: "mail" })).toMatchObject({
      writesHostname: true,
      mounts: [],
    });
  });

  test.each([
    ["the folder's own, where none is asked for", undefined, false],
    ["the folder's own, where it is the one that is asked for", "folder", false],
    ["a file over the folder's, where another is asked for", "mail", true],
  ])("in a bound directory: %s", (_, hostname, covered) => {
    const planned = plan(configOf(engineFile("hostname", other)), inFolder, {
      ...(hostname ? { hostname } : {}),
    });
    expect(planned.writesHostname).toBe(false);
    expect(kept(planned)).toEqual(covered ? [["/etc/hostname", "/state/hostname"]] : []);
  });

  test("strict: the engine's file stays, or has the name that is asked for", () => {
    for (const files of [inRoot, inFolder]) {
      expect(plan(all, files, { isolated: false })).toEqual({
        mounts: all.mounts ?? [],
        writesHostname: false,
        warnings: [],
      });
      const renamed = plan(all, files, { isolated: false, hostname: "mail" });
      expect(kept(renamed)).toEqual([
        ...sources("resolv.conf"),
        ["/etc/hostname", "/state/hostname"],
        ...sources("hosts"),
      ]);
    }
  });
});

describe("a bound directory in which a file is missing", () => {
  test.each([true, false])("gets no mount point; isolated: %p", (isolated) => {
    const planned = plan(all, missing, { isolated, hostname: "mail" });
    expect(planned).toMatchObject({ writesHostname: false, mounts: [] });
    expect(planned.warnings).toEqual([expect.stringContaining("resolv.conf")]);
  });

  test("nothing is said of others than resolv.conf", () => {
    expect(plan(configOf(engineFile("hosts")), missing).warnings).toEqual([]);
  });

  test("the root itself may have one made", () => {
    const planned = plan(all, filesWith({ exists: false, bound: false }));
    expect(kept(planned)).toEqual(sources("resolv.conf", "hosts"));
  });
});

test.each<[string, OciMount]>([
  [
    "a file of the user's own",
    { destination: "/etc/hostname", type: "bind", source: "/srv/hostname", options: ["rbind"] },
  ],
  ["another file of the engine's", { ...engineFile("hosts"), destination: "/etc/hostname" }],
  ["a file elsewhere", { ...engineFile("hosts"), destination: "/srv/hosts" }],
  ["a file system", { destination: "/etc/hosts", type: "tmpfs", source: "tmpfs" }],
])("%s is left alone", (_, mount) => {
  for (const files of [inRoot, inFolder, missing]) {
    expect(plan(configOf(mount), files, { hostname: "mail" })).toEqual({
      mounts: [mount],
      writesHostname: false,
      warnings: [],
    });
  }
});

test("without mounts nothing is made", () => {
  const { mounts: _, ...bare } = all;
  expect(plan(bare, inRoot).mounts).toEqual([]);
  expect(mountedFiles(bare, id)).toEqual([]);
});

test("what is mounted: binds by their source, the rest as what cannot be looked into; not the engine's files", () => {
  const config = configOf(
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/usr", type: "bind", source: "/srv/usr", options: ["rbind"] },
    { destination: "/opt", source: "/srv/opt", options: ["bind"] },
    { destination: "/run", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] },
    { destination: "/mnt", type: "tmpfs", source: "/tmpfs" },
    engineFile("hosts", other),
  );
  expect(mountedFiles(config, id)).toEqual([
    { destination: "/proc", source: undefined },
    { destination: "/usr", source: "/srv/usr" },
    { destination: "/opt", source: "/srv/opt" },
    { destination: "/mnt", source: undefined },
  ]);
});
