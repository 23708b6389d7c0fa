import { expect, test } from "bun:test";
import { labelledInit } from "./labelled-init.ts";

const network = "berth.internal";
const loader = "container:abc";

test.each<[string, string, Record<string, string> | null, string | undefined]>([
  ["of a machine", network, { "berth.creation": "1", "berth.init": "runit" }, "runit"],
  ["of a machine that was made by an older berth", network, { "berth.init": "systemd" }, undefined],
  ["of a machine with a root", loader, { "berth.root": "/srv", "berth.init": "systemd" }, "systemd"],
  ["of a loader's image", loader, { "berth.root": "", "berth.init": "systemd" }, undefined],
  ["that berth does not know", network, { "berth.creation": "1", "berth.init": "toString" }, undefined],
  ["taken back", network, { "berth.creation": "1", "berth.init": "" }, undefined],
  ["of nothing", network, null, undefined],
])("the label of an init %s", (_name, NetworkMode, Labels, expected) => {
  expect(labelledInit({ Config: { Labels }, HostConfig: { NetworkMode } })).toBe(expected as "runit");
});
