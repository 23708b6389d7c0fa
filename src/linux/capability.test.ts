import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { capabilities, parseCapability } from "./capability.ts";

test("all 41 capabilities stand at their kernel number", () => {
  expect(new Set(capabilities).size).toBe(41);
  expect(
    ["CAP_CHOWN", "CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"].map((name) =>
      capabilities.indexOf(name as "CAP_CHOWN"),
    ),
  ).toEqual([0, 12, 21, 40]);
});

test.each<[string, string]>([
  ["NET_ADMIN", "CAP_NET_ADMIN"],
  ["CAP_NET_ADMIN", "CAP_NET_ADMIN"],
  ["cap_net_admin", "CAP_NET_ADMIN"],
  ["net-admin", "CAP_NET_ADMIN"],
  ["Cap-Sys-Time", "CAP_SYS_TIME"],
  [" bpf ", "CAP_BPF"],
])("%p is %p", (text, name) => {
  expect(parseCapability(text) as string).toBe(name);
});

test.each<[string, string | undefined]>([
  ["NETADMIN", "NET_ADMIN"],
  ["CAP_SYS_ADMN", "CAP_SYS_ADMIN"],
  ["chwn", "CHOWN"],
  ["", undefined],
  ["everything", undefined],
  ["ALL", undefined],
  ["constructor", undefined],
])("%p is no capability; %p may be meant", (text, meant) => {
  expect(faultOf(() => parseCapability(text)).suggestion).toBe(meant);
});
