import { expect, test } from "bun:test";
import { contract } from "#contract/contract.ts";
import type { Guest } from "#contract/guest.ts";
import type { Host } from "#contract/host.ts";
import { renderApiContract } from "./api-contract.ts";

const guest = (version: number): Guest => ({
  os: undefined,
  init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version },
  machineId: "",
  mergedUsr: true,
});
const host = (layout: "hybrid" | "v2"): Host => ({
  cgroup: { layout, named: "/sys/fs/cgroup/systemd", unified: "/sys/fs/cgroup/unified", nsdelegate: true },
  capabilities: undefined,
  userNamespaces: "free",
  lsm: { apparmor: false, selinux: false },
  sysctlDirectories: [],
  memory: 16 * 1024 ** 3,
  kernel: [6, 1],
});
const needs = (version: number, layout: "hybrid" | "v2") =>
  contract(guest(version), host(layout), {
    profile: "strict",
    applied: "api",
    ids: 0,
    storage: { fault: "other-type", type: undefined },
    remapped: false,
    shared: [],
    capabilities: [],
    terminal: true,
    machineId: "0123456789abcdef0123456789abcdef",
    manager: "docker",
    ownNetwork: false,
  });

test("on v1 only the machine's own subtree of name=systemd is writable", () => {
  const api = renderApiContract("web", needs(252, "hybrid"), { version: [20, 10], cgroupDriver: "cgroupfs" });
  expect(api).toMatchObject({
    cgroupNamespace: "host",
    cgroupParent: "/berth-machine-web",
    stopSignal: "37",
  });
  expect(api.binds).toEqual([
    "/sys/fs/cgroup/systemd:/sys/fs/cgroup/systemd:ro",
    "/sys/fs/cgroup/systemd/berth-machine-web:/sys/fs/cgroup/systemd/berth-machine-web:rw",
  ]);
  expect(api.tmpfs["/run"]).toContain("exec");
  expect(api.environment).toContain("container=docker");
  expect(api.degradations.length).toBeGreaterThan(0);
});

test("each tmpfs has an end, the user's too; his own options stay", () => {
  const asked = { "/tmp": "exec,size=64m", "/srv": "", "/x": "size=1m,nr_inodes=5" };
  const { tmpfs } = renderApiContract(
    "web",
    needs(252, "hybrid"),
    { version: [20, 10], cgroupDriver: "cgroupfs" },
    asked,
  );
  expect(Object.keys(tmpfs)).toEqual([
    "/run",
    "/run/lock",
    "/run/user",
    "/tmp",
    "/dev/shm",
    "/srv",
    "/x",
    "/sys/fs/cgroup",
  ]);
  for (const target of ["/run", "/run/lock", "/run/user", "/tmp", "/dev/shm", "/srv"])
    expect(tmpfs[target]).toMatch(/size=\d+.*,nr_inodes=\d+$/);
  expect([tmpfs["/tmp"], tmpfs["/x"]]).toEqual(["exec,size=64m,nr_inodes=8192", "size=1m,nr_inodes=5"]);
  expect(tmpfs["/dev/shm"]).toStartWith("rw,nosuid,nodev,noexec,mode=1777,size=");
});

test("systemd's driver takes a slice, whose name holds no dash of the machine's", () => {
  const api = renderApiContract("web-1", needs(252, "hybrid"), { version: [24, 0], cgroupDriver: "systemd" });
  expect(api.cgroupParent).toBe("berth-web_1.slice");
  expect(api.binds.at(-1)).toBe(
    "/sys/fs/cgroup/systemd/berth.slice/berth-web_1.slice:/sys/fs/cgroup/systemd/berth.slice/berth-web_1.slice:rw",
  );
});

test("a systemd that shuns v1 sees cgroup2 alone", () => {
  const api = renderApiContract("web", needs(258, "hybrid"), { version: [20, 10], cgroupDriver: "cgroupfs" });
  expect(api.binds).toEqual([
    "/sys/fs/cgroup/unified:/sys/fs/cgroup:ro",
    "/sys/fs/cgroup/unified/berth-machine-web:/sys/fs/cgroup/berth-machine-web:rw",
  ]);
});

test.each([
  [[20, 10], "host-unfit"],
  [[27, 5], "host-unfit"],
] as const)("cgroup v2 without the runtime on Docker %p: %s", (version, code) => {
  expect(() => renderApiContract("web", needs(252, "v2"), { version, cgroupDriver: "systemd" })).toThrow(
    expect.objectContaining({ code }),
  );
});

test("cgroup v2 with Docker 28 has writable cgroups of its own", () => {
  const api = renderApiContract("web", needs(252, "v2"), { version: [28, 5], cgroupDriver: "systemd" });
  expect(api).toMatchObject({
    securityOptions: ["writable-cgroups=true"],
    cgroupNamespace: "private",
    binds: [],
  });
});
