import { expect, test } from "bun:test";
import { parseCgroupsPath } from "./cgroup-path.ts";

test.each([
  ["/docker/0123", "/docker/0123"],
  ["/kubepods/burstable/pod1/0123", "/kubepods/burstable/pod1/0123"],
  ["/with:colons:in", "/with:colons:in"],
  ["system.slice:docker:0123", "/system.slice/docker-0123.scope"],
  [":docker:0123", "/system.slice/docker-0123.scope"],
  ["a-b.slice:docker:0123", "/a.slice/a-b.slice/docker-0123.scope"],
  [
    "kubepods-besteffort-pod1.slice:cri-containerd:0123",
    "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-0123.scope",
  ],
  ["-.slice:docker:0123", "/docker-0123.scope"],
  ["machine.slice::my.slice", "/machine.slice/my.slice"],
  [undefined, undefined],
  ["", undefined],
  ["relative", undefined],
  ["relative/path", undefined],
  ["one:colon", undefined],
])("%p makes %p", (cgroupsPath, path) => {
  expect(parseCgroupsPath(cgroupsPath)).toBe(path);
});
