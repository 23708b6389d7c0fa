import { describe, expect, test } from "bun:test";
import { parseGuest, type RootFiles } from "./guest.ts";

/** A root in memory: text files, and links given as `{ to }`. Directories are what the paths imply. */
type Tree = Readonly<Record<string, string | { readonly to: string }>>;

const elf = "\x7fELF";

function rootOf(tree: Tree): RootFiles {
  const paths = Object.keys(tree);
  const resolve = (path: string, links = 0): string | undefined => {
    if (links > 40) return undefined;
    let at = "";
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (const [index, name] of names.entries()) {
      if (name === "..") {
        at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
        continue;
      }
      const entry = tree[`${at}/${name}`];
      if (typeof entry === "object") {
        const rest = names.slice(index + 1).join("/");
        return resolve(`${entry.to.startsWith("/") ? entry.to : `${at}/${entry.to}`}/${rest}`, links + 1);
      }
      at = `${at}/${name}`;
      if (entry === undefined && !paths.some((known) => known.startsWith(`${at}/`))) return undefined;
    }
    return at === "" ? "/" : at;
  };
  return {
    resolve: (path) => resolve(path),
    read(path) {
      const entry = tree[resolve(path) ?? ""];
      return typeof entry === "string" ? entry : undefined;
    },
    isElf(path) {
      const entry = tree[resolve(path) ?? ""];
      return typeof entry === "string" && entry.startsWith(elf);
    },
    list(path) {
      const directory = resolve(path);
      if (directory === undefined) return [];
      return [
        ...new Set(
          paths
            .filter((known) => known.startsWith(`${directory}/`))
            .map((known) => known.split("/")[directory.split("/").length] ?? ""),
        ),
      ];
    },
  };
}

const merged: Tree = {
  "/bin": { to: "usr/bin" },
  "/sbin": { to: "usr/sbin" },
  "/lib": { to: "usr/lib" },
  "/usr/bin/sh": "",
};
const bookworm =
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n';
const debian: Tree = {
  ...merged,
  "/usr/sbin/init": { to: "../lib/systemd/systemd" },
  "/usr/lib/systemd/systemd": elf,
  "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so": "",
  "/usr/lib/os-release": bookworm,
  "/etc/os-release": { to: "../usr/lib/os-release" },
  "/etc/machine-id": "",
};
const jessie: Tree = {
  "/bin/sh": "",
  "/sbin/init": { to: "/lib/systemd/systemd" },
  "/lib/systemd/systemd": elf,
  "/etc/os-release": 'ID=debian\nVERSION_ID="8"\n',
  "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
};

describe("machines", () => {
  test("Debian with a merged /usr", () => {
    expect(parseGuest(["/sbin/init"], rootOf(debian))).toEqual({
      guest: {
        os: { id: "debian", versionId: "12", prettyName: "Debian GNU/Linux 12 (bookworm)" },
        init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version: 252 },
        machineId: "",
        mergedUsr: true,
      },
    });
  });

  test("Debian 8 with a split /usr", () => {
    expect(parseGuest(["/sbin/init"], rootOf(jessie))).toEqual({
      guest: {
        os: { id: "debian", versionId: "8", prettyName: "debian" },
        init: { kind: "systemd", program: "/lib/systemd/systemd", version: 215 },
        machineId: "0123456789abcdef0123456789abcdef",
        mergedUsr: false,
      },
    });
  });

  const nix = "/nix/store/abc-systemd-257.5/lib/systemd/systemd";
  const busybox: Tree = { "/bin/busybox": elf, "/sbin/init": { to: "/bin/busybox" }, "/etc/inittab": "" };
  test.each<[string, string[], Tree, string, string]>([
    ["systemd by its own path", ["/usr/lib/systemd/systemd"], debian, "systemd", "/usr/lib/systemd/systemd"],
    [
      "systemd with arguments",
      ["/lib/systemd/systemd", "--log-level=debug"],
      debian,
      "systemd",
      "/usr/lib/systemd/systemd",
    ],
    [
      "/init as a link to systemd",
      ["/init"],
      { ...debian, "/init": { to: "/lib/systemd/systemd" } },
      "systemd",
      "/usr/lib/systemd/systemd",
    ],
    ["busybox by a link", ["/sbin/init"], busybox, "busybox", "/bin/busybox"],
    ["busybox by its name", ["/bin/busybox", "init"], busybox, "busybox", "/bin/busybox"],
    [
      "sysvinit",
      ["/sbin/init"],
      { ...merged, "/usr/sbin/init": elf, "/etc/inittab": "" },
      "sysvinit",
      "/usr/sbin/init",
    ],
    [
      "openrc-init",
      ["/sbin/init"],
      { "/sbin/init": { to: "openrc-init" }, "/sbin/openrc-init": elf },
      "openrc",
      "/sbin/openrc-init",
    ],
    [
      "runit-init",
      ["/sbin/init"],
      { "/sbin/init": { to: "runit-init" }, "/sbin/runit-init": elf },
      "runit",
      "/sbin/runit-init",
    ],
    ["systemd of NixOS", ["/init"], { "/init": { to: `${nix}` }, [nix]: elf }, "systemd", nix],
    [
      "sysvinit beside others",
      ["/sbin/init"],
      { "/sbin/init": { to: "/lib/sysvinit/init" }, "/lib/sysvinit/init": elf, "/etc/inittab": "" },
      "sysvinit",
      "/lib/sysvinit/init",
    ],
    [
      "s6-linux-init",
      ["/sbin/init"],
      {
        "/sbin/init": { to: "/etc/s6-linux-init/current/bin/init" },
        "/etc/s6-linux-init/current/bin/init": "#!/bin/execlineb",
      },
      "s6",
      "/etc/s6-linux-init/current/bin/init",
    ],
  ])("%s", (_, command, tree, kind, program) => {
    const reading = parseGuest(command, rootOf(tree));
    expect(reading).toMatchObject({ guest: { init: { kind, program } } });
  });
});

describe("no machines", () => {
  const busybox: Tree = { "/bin/busybox": elf, "/etc/inittab": "" };
  test.each<[string, string[], Tree, "init" | "program"]>([
    ["no command", [], debian, "init"],
    ["a relative command", ["init"], debian, "init"],
    ["s6-overlay's script /init", ["/init"], { "/init": "#!/bin/sh", "/etc/inittab": "" }, "init"],
    ["an init without /etc/inittab", ["/usr/local/bin/init"], { "/usr/local/bin/init": "#!/bin/sh" }, "init"],
    ["a script named systemd", ["/x/systemd"], { "/x/systemd": "#!/bin/sh" }, "init"],
    [
      "a script in systemd's place",
      ["/lib/systemd/systemd"],
      { "/lib/systemd/systemd": "#!/bin/sh" },
      "init",
    ],
    ["somebody's program named systemd", ["/app/systemd"], { ...debian, "/app/systemd": elf }, "init"],
    ["somebody's program named init, in Alpine", ["/app/init"], { ...busybox, "/app/init": elf }, "init"],
    ["a script as /sbin/init", ["/sbin/init"], { "/sbin/init": "#!/bin/sh", "/etc/inittab": "" }, "init"],
    ["a script named runit", ["/usr/local/bin/runit"], { "/usr/local/bin/runit": "#!/bin/sh" }, "init"],
    [
      "docker-init",
      ["/sbin/docker-init", "--", "/sbin/init"],
      { ...debian, "/usr/sbin/docker-init": "" },
      "init",
    ],
    ["tini", ["/usr/bin/tini", "--", "/sbin/init"], { ...debian, "/usr/bin/tini": "" }, "init"],
    ["a bare s6-svscan", ["/bin/s6-svscan", "/etc/services"], { "/bin/s6-svscan": "" }, "init"],
    ["systemd for a user", ["/usr/lib/systemd/systemd", "--user"], debian, "init"],
    ["busybox as a shell", ["/bin/busybox", "sh"], busybox, "init"],
    ["busybox's link sh", ["/bin/sh"], { ...busybox, "/bin/sh": { to: "busybox" } }, "init"],
    ["a missing program", ["/sbin/init"], { "/bin/sh": "" }, "program"],
    ["a link to nothing", ["/sbin/init"], { "/sbin/init": { to: "/lib/systemd/systemd" } }, "program"],
    ["a link to itself", ["/sbin/init"], { "/sbin/init": { to: "init" } }, "program"],
  ])("%s", (_, command, tree, missing) => {
    expect(parseGuest(command, rootOf(tree))).toEqual({ missing });
  });
});

const systemd: Tree = { "/usr/lib/systemd/systemd": elf };
test.each<[string, Tree, number | undefined]>([
  ["Arch and Fedora's place", { "/usr/lib/systemd/libsystemd-shared-258.1-1.so": "" }, 258],
  ["arm64 Debian", { "/usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-257.so": "" }, 257],
  ["openSUSE's lib64", { "/usr/lib64/systemd/libsystemd-shared-256.3.so": "" }, 256],
  ["CentOS 7", { "/etc/os-release": 'ID="centos"\nVERSION_ID="7"' }, 219],
  ["RHEL 7.9", { "/etc/os-release": 'ID="rhel"\nVERSION_ID="7.9"' }, 219],
  ["Ubuntu 16.04", { "/etc/os-release": 'ID=ubuntu\nVERSION_ID="16.04"' }, 229],
  ["Debian 8 whose os-release lies in /usr/lib", { "/usr/lib/os-release": 'ID=debian\nVERSION_ID="8"' }, 215],
  ["unknown", { "/etc/os-release": "ID=mine" }, undefined],
  ["unknown without os-release", {}, undefined],
])("systemd's version: %s", (_, tree, version) => {
  expect(parseGuest(["/usr/lib/systemd/systemd"], rootOf({ ...systemd, ...tree }))).toMatchObject({
    guest: { init: { version } },
  });
});

test.each<[string | undefined, string | undefined]>([
  [undefined, undefined],
  ["", ""],
  ["\n", ""],
  ["uninitialized\n", "uninitialized"],
  ["0123456789abcdef0123456789abcdef\n", "0123456789abcdef0123456789abcdef"],
])("machine-id %p is %p", (text, machineId) => {
  const tree = text === undefined ? systemd : { ...systemd, "/etc/machine-id": text };
  expect(parseGuest(["/usr/lib/systemd/systemd"], rootOf(tree))).toMatchObject({ guest: { machineId } });
});
