import { expect, test } from "bun:test";
import { sha256 } from "#host/files/sha256.ts";
import { contentDigest } from "./content.ts";
import { renderImageConfig } from "./image-config.ts";
import type { RootFacts } from "./root-facts.ts";

const facts: RootFacts = {
  command: ["/sbin/init"],
  guest: {
    os: { id: "debian", versionId: "12", prettyName: 'Debian "12" $HOME' },
    init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version: 252 },
    machineId: "",
    mergedUsr: true,
  },
};
const input = { facts, labels: { "berth.image": "web" }, architecture: "amd64", created: new Date(0) };

test("the configuration of a systemd root", () => {
  expect(renderImageConfig(input, "ab", sha256)).toEqual({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00.000Z",
    config: {
      Cmd: ["/sbin/init"],
      StopSignal: "SIGRTMIN+3",
      Labels: {
        "berth.image": "web",
        "berth.content": contentDigest(["sha256:ab"], { Cmd: ["/sbin/init"] }, sha256),
        "berth.init": "systemd",
        "berth.init.version": "252",
        "berth.os": 'Debian "12" $HOME',
      },
    },
    rootfs: { type: "layers", diff_ids: ["sha256:ab"] },
    history: [{ created: "1970-01-01T00:00:00.000Z", created_by: "berth", comment: "imported by berth" }],
  });
});

test("another init gets no stop signal here", () => {
  const guest = {
    ...facts.guest,
    os: undefined,
    init: { kind: "runit", program: "/sbin/runit-init", version: undefined },
  } as const;
  expect(renderImageConfig({ ...input, facts: { ...facts, guest } }, "ab", sha256)).toMatchObject({
    config: { Cmd: ["/sbin/init"], Labels: { "berth.image": "web", "berth.init": "runit" } },
  });
  expect(
    JSON.stringify(renderImageConfig({ ...input, facts: { ...facts, guest } }, "ab", sha256)),
  ).not.toContain("StopSignal");
});
