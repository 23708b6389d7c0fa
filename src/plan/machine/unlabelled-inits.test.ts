import { expect, test } from "bun:test";
import type { ContainerSummary } from "#api/container.ts";
import { unlabelledInits } from "./unlabelled-inits.ts";

const machine = (Id: string, more: Partial<ContainerSummary> = {}): ContainerSummary => ({
  Id,
  Names: [`/${Id}`],
  Image: "bookworm",
  ImageID: "sha256:0",
  Command: "/sbin/init",
  Created: 0,
  Ports: [],
  Labels: {},
  State: "running",
  Status: "Up",
  HostConfig: {},
  ...more,
});

test("machines whose labels do not tell their init are grouped by image and command", () => {
  expect(
    unlabelledInits([
      machine("one"),
      machine("known", { Labels: { "berth.init": "systemd" } }),
      machine("two", { Labels: { "berth.init": "" } }),
      machine("busybox", { Command: "/bin/busybox init" }),
      machine("other", { ImageID: "sha256:1" }),
    ]),
  ).toEqual([
    { image: "sha256:0", command: ["/sbin/init"], containers: ["one", "two"] },
    { image: "sha256:0", command: ["/bin/busybox", "init"], containers: ["busybox"] },
    { image: "sha256:1", command: ["/sbin/init"], containers: ["other"] },
  ]);
});
