import { expect, test } from "bun:test";
import { longestHalt, renderStopUnit } from "./stop-unit.ts";

test("the unit stops after the engine, by hand never, and gives machines their time", () => {
  const lines = renderStopUnit("/usr/local/lib/berth/berth").split("\n");
  expect(lines).toContain("Before=docker.service containerd.service");
  expect(lines).toContain("RefuseManualStop=yes");
  expect(lines).toContain("ExecStop=-/usr/local/lib/berth/berth runtime halt");
  expect(lines.filter((line) => /^(Requires|PartOf|BindsTo|Conflicts)=/.test(line))).toEqual([]);
  const timeout = lines.find((line) => line.startsWith("TimeoutStopSec="))?.split("=")[1];
  expect(Number(timeout)).toBeGreaterThan(longestHalt);
});

test("the engine waits at boot for nothing that may need it", () => {
  const lines = renderStopUnit("/berth").split("\n");
  expect(lines.filter((line) => line.startsWith("After="))).toEqual([
    "After=local-fs.target network.target lxcfs.service",
  ]);
  expect(lines.filter((line) => /^(Wants|RequiresMountsFor|Upholds)=/.test(line))).toEqual([]);
});
