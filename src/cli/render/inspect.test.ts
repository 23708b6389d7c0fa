import { expect, test } from "bun:test";
import type { MachineDetails } from "#plan/machine/details.ts";
import { createStyle } from "./color.ts";
import { renderDetails } from "./inspect.ts";

const machine: MachineDetails = {
  name: "web",
  id: "0123456789abcdef",
  state: "exited",
  exitStatus: 137,
  outOfMemory: true,
  initState: undefined,
  failedUnits: [{ unit: "x.service", description: "X", lines: ["\x1b[31mno"] }],
  init: "systemd 252",
  os: undefined,
  image: { name: "debian-12", id: "sha256:aabbccddeeff00112233" },
  command: ["/sbin/init"],
  hostname: "web",
  machineId: undefined,
  network: "berth.internal",
  addresses: [{ network: "berth.internal", ipv4: "10.72.0.2", ipv6: "" }],
  dnsNames: ["web", "web.berth.internal"],
  ports: [{ port: "80/tcp", host: ["0.0.0.0:8080"] }],
  profile: "strict",
  rootId: 0,
  runtime: { name: "runc", berth: false },
  weaker: ["this", "that"],
  capabilities: { added: ["CAP_NET_ADMIN"], dropped: [] },
  limits: { memory: 512 * 1024 ** 2, memorySwap: -1, cpus: 1.5, pids: undefined },
  mounts: [{ type: "volume", source: "data", target: "/srv", readOnly: true }],
  restart: "always",
  restarts: 2,
  created: "2026-01-01T00:00:00Z",
  started: undefined,
  finished: undefined,
  spec: { aliases: [], cpus: 1.5, publish: [80] },
  labels: {},
};

test("sections of what there is, nothing of what there is not", () => {
  expect(renderDetails([machine], { style: createStyle(false), width: undefined })).toBe(`web
  State
    State:          exited (status 137, out of memory)
    Created:        2026-01-01T00:00:00Z
    Restart policy: always (2 times so far)
  Failed units
    ✘ x.service  X
        no
  System
    Image:   debian-12 (aabbccddeeff)
    Init:    systemd 252
    Command: /sbin/init
    Id:      0123456789abcdef
  Network
    Host name: web
    Network:   berth.internal
    Address:   10.72.0.2 on berth.internal
    DNS names: web, web.berth.internal
    Published: 0.0.0.0:8080 -> 80/tcp
  Confinement
    Profile: strict
    Runtime: runc (no berth-runtime)
    Weaker:  this
    Weaker:  that
    Added:   CAP_NET_ADMIN
  Limits
    Memory:     512 MiB
    With swap:  no limit
    Processors: 1.5
    Processes:  no limit
  Mounts
    volume: data -> /srv (read-only)
  Made from
    cpus:    1.5
    publish: [80]
`);
});
