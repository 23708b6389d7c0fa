import { describe, expect, test } from "bun:test";
import type { Host } from "./host.ts";
import { contractLabels, isReplaced } from "./security-labels.ts";

const off: Host["lsm"] = { apparmor: false, selinux: false };
const apparmor: Host["lsm"] = { apparmor: true, selinux: false };
const selinux: Host["lsm"] = { apparmor: false, selinux: true };
const engines = [
  "docker-default",
  "nerdctl-default",
  "containers-default",
  "containers-default-0.62.2",
  "crio-default",
  "cri-containerd.apparmor.d",
];

test.each([
  ...[undefined, "berth-machine", ...engines].map((name) => [name, true] as const),
  ...["unconfined", "mine", "my-docker-default", "docker-default-mine", "crio-default2"].map(
    (name) => [name, false] as const,
  ),
])("profile %s of AppArmor is replaced in full: %p", (name, expected) => {
  expect(isReplaced(name)).toBe(expected);
});

describe("AppArmor's profile", () => {
  const labels = (name: string | undefined) => ({ apparmor: name, selinux: undefined });

  test.each([...engines, undefined])("full gets berth's own for %s", (name) => {
    expect(contractLabels("full", { lsm: apparmor }, labels(name))).toEqual({
      labels: { apparmor: "berth-machine", selinux: undefined },
      warnings: [],
    });
  });

  test.each(["unconfined", "mine"])("full keeps the user's %s", (name) => {
    expect(contractLabels("full", { lsm: apparmor }, labels(name)).labels.apparmor).toBeUndefined();
  });

  test.each(["strict", "privileged"] as const)("%s keeps the engine's", (profile) => {
    expect(contractLabels(profile, { lsm: apparmor }, labels("docker-default"))).toEqual({
      labels: { apparmor: undefined, selinux: undefined },
      warnings: [],
    });
  });

  test.each([
    ["docker-default", "unconfined"],
    [undefined, undefined],
  ])("where it cannot be loaded %s becomes %s, with a warning", (name, expected) => {
    const lsm = { ...apparmor, profileRefusal: "no parser" };
    const { labels: found, warnings } = contractLabels("full", { lsm }, labels(name));
    expect(found.apparmor).toBe(expected);
    expect(warnings).toEqual([expect.stringMatching(/berth-machine.*: no parser$/)]);
    expect(contractLabels("full", { lsm }, labels("mine")).warnings).toEqual([]);
    expect(contractLabels("strict", { lsm }, labels(name)).warnings).toEqual([]);
  });

  test("without AppArmor there is none", () => {
    expect(contractLabels("full", { lsm: off })).toEqual({
      labels: { apparmor: undefined, selinux: undefined },
      warnings: [],
    });
  });
});

describe("SELinux's label", () => {
  const engineType = { ...selinux, hasEngineType: true };
  test.each([
    [
      "full",
      selinux,
      "system_u:system_r:container_t:s0:c1,c2",
      "system_u:system_r:container_init_t:s0:c1,c2",
    ],
    ["full", engineType, "system_u:system_r:container_t:s0:c1", "system_u:system_r:container_engine_t:s0:c1"],
    ["strict", engineType, "system_u:system_r:container_t:s0", "system_u:system_r:container_init_t:s0"],
    ["privileged", engineType, "system_u:system_r:container_t:s0", undefined],
    ["full", engineType, "system_u:system_r:mine_t:s0", undefined],
    ["strict", engineType, undefined, undefined],
  ] as const)("%s, %p: %s becomes %s", (profile, lsm, label, expected) => {
    const request = { apparmor: undefined, selinux: label };
    expect(contractLabels(profile, { lsm }, request).labels.selinux).toBe(expected);
  });
});
