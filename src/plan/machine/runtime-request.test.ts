import { describe, expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import type { OciConfig } from "#oci/config.ts";
import {
  keepsMachineId,
  requestedHostname,
  requestedIds,
  requestedLxcfs,
  requestedProfile,
} from "./runtime-request.ts";

const configOf = (...env: readonly string[]): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"], env: [...env] },
  root: { path: "rootfs" },
});

test.each([
  [[], false],
  [["BERTH_LXCFS="], false],
  [["BERTH_LXCFS=0"], false],
  [["BERTH_LXCFS=1"], true],
  [["BERTH_LXCFS=0", "BERTH_LXCFS=1"], true],
  [["MY_BERTH_LXCFS=1"], false],
])("%p asks for lxcfs: %p", (env, requested) => {
  expect(requestedLxcfs(configOf(...env))).toBe(requested);
});

test.each(["yes", "true", "2", " 1"])("BERTH_LXCFS=%s is refused", (word) => {
  let thrown: unknown;
  try {
    requestedLxcfs(configOf(`BERTH_LXCFS=${word}`));
  } catch (error) {
    thrown = error;
  }
  expect(hasCode(thrown, "usage")).toBe(true);
});

describe("the profile", () => {
  /** As docker run makes it, and docker run --privileged. */
  const ordinary: OciConfig["linux"] = {
    maskedPaths: ["/proc/kcore"],
    resources: {
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
      ],
    },
  };
  const privileged: OciConfig["linux"] = { resources: { devices: [{ allow: true, access: "rwm" }] } };
  const requested = (linux: OciConfig["linux"], ...env: readonly string[]) =>
    requestedProfile({ ...configOf(...env), ...(linux ? { linux } : {}) });

  const table: readonly [OciConfig["linux"], readonly string[], string | undefined][] = [
    [ordinary, [], undefined],
    [ordinary, ["BERTH_PROFILE="], undefined],
    [ordinary, ["BERTH_PROFILE=full"], "full"],
    [ordinary, ["BERTH_PROFILE=full", "BERTH_PROFILE=strict"], "strict"],
    [ordinary, ["MY_BERTH_PROFILE=full"], undefined],
    [undefined, [], undefined],
    [privileged, [], "privileged"],
    [privileged, ["BERTH_PROFILE=privileged"], "privileged"],
    [privileged, ["BERTH_PROFILE=strict"], "strict"],
    // Every device alone is no privilege (--device-cgroup-rule), nor is an unmasked /proc (--security-opt
    // systempaths=unconfined).
    [{ ...privileged, maskedPaths: ["/proc/kcore"] }, [], undefined],
    [{ resources: ordinary.resources ?? {} }, [], undefined],
  ];
  test.each(table)("%j %p: %p", (linux, env, expected) => {
    expect<string | undefined>(requested(linux, ...env)).toBe(expected);
  });

  test.each([["nonsense"], ["Full"], ["privileged"]])(
    "BERTH_PROFILE=%s of an ordinary container is refused",
    (word) => {
      expect(() => requested(ordinary, `BERTH_PROFILE=${word}`)).toThrow(
        expect.objectContaining({ code: "usage" }),
      );
    },
  );
});

describe("the ids", () => {
  test.each([
    [[], 65_536],
    [["BERTH_IDS="], 65_536],
    [["BERTH_IDS=65536"], 65_536],
    [["BERTH_IDS=65537"], 131_072],
    [["BERTH_IDS=131072"], 131_072],
    [["BERTH_IDS=4194304"], 4_194_304],
  ])("%p: %d", (env, expected) => {
    expect(requestedIds(configOf(...env), true)).toBe(expected);
    if (expected <= 131_072) expect(requestedIds(configOf(...env), false)).toBe(expected);
    else
      expect(() => requestedIds(configOf(...env), false)).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test.each(["0", "-1", "65535", "4194305", "64k", "1e6", "0x20000"])("BERTH_IDS=%s is refused", (word) => {
    expect(() => requestedIds(configOf(`BERTH_IDS=${word}`), true)).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  });
});

describe("the host name", () => {
  test.each([
    [[], undefined],
    [["BERTH_HOSTNAME="], undefined],
    [["BERTH_HOSTNAME=mail"], "mail"],
    [["BERTH_HOSTNAME=a", "BERTH_HOSTNAME=Mail.example.com"], "Mail.example.com"],
  ])("%p: %p", (env, expected) => {
    expect<string | undefined>(requestedHostname(configOf(...env))).toBe(expected);
  });

  test.each(["a b", "-a", "a\nb", "a/../b", "x".repeat(65)])("BERTH_HOSTNAME=%j is refused", (word) => {
    expect(() => requestedHostname(configOf(`BERTH_HOSTNAME=${word}`))).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  });
});

describe("the machine-id", () => {
  test.each([
    [[], false],
    [["BERTH_MACHINE_ID="], false],
    [["BERTH_MACHINE_ID=keep"], true],
  ])("%p keeps it: %p", (env, kept) => {
    expect(keepsMachineId(configOf(...env))).toBe(kept);
  });

  test.each(["1", "Keep", "0123456789abcdef0123456789abcdef"])("BERTH_MACHINE_ID=%s is refused", (word) => {
    expect(() => keepsMachineId(configOf(`BERTH_MACHINE_ID=${word}`))).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  });
});
