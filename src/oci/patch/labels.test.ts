import { expect, test } from "bun:test";
import { patchLabels } from "./labels.ts";

test("labels that are not given leave the engine's", () => {
  const process = { args: [], apparmorProfile: "docker-default", selinuxLabel: "a:b:c:s0" };
  expect({ ...process, ...patchLabels({ apparmor: undefined, selinux: undefined }) }).toEqual(process);
  expect({ ...process, ...patchLabels({ apparmor: "x", selinux: "d:e:f:s0" }) }).toEqual({
    args: [],
    apparmorProfile: "x",
    selinuxLabel: "d:e:f:s0",
  });
});
