import { expect, test } from "bun:test";
import { fleetFromFlags, namesFromEnvironment } from "./adhoc.ts";
import { faultOf } from "./fault.test.ts";

test("flags make the same machine under each name", () => {
  const fleet = fleetFromFlags(
    {
      names: ["web", "db"],
      image: "debian-12",
      memory: "512M",
      shmSize: "1G",
      tmpfs: ["/tmp:size=1m"],
      cpus: "1.5",
      volumes: ["/cache"],
      environment: ["A=b", "MINE", "NOBODYS"],
      capabilities: ["net-admin"],
      profile: "privileged",
      restart: "no",
      stopTimeout: "10",
      labels: ["x=y"],
      subnet: "10.0.0.0/24",
    },
    { MINE: "1" },
  );
  expect(fleet.network).toEqual({ domain: "berth.internal", subnet: "10.0.0.0/24" });
  expect(fleet.images).toEqual({});
  expect(fleet.machines.map(({ name, hostname }) => [name, hostname])).toEqual([
    ["web", "web"],
    ["db", "db"],
  ]);
  expect(fleet.machines[1]).toMatchObject({
    image: "debian-12",
    memory: 536870912,
    shmSize: 2 ** 30,
    tmpfs: [{ target: "/tmp", options: ["size=1048576"] }],
    cpus: 1.5,
    volumes: [{ kind: "anonymous", target: "/cache", readOnly: false }],
    environment: { A: "b", MINE: "1" },
    capabilities: ["CAP_NET_ADMIN"],
    profile: "privileged",
    restart: "no",
    stopTimeout: 10,
    labels: { x: "y" },
  });
});

test("one machine may have a name, an address and ports of its own", () => {
  const flags = {
    names: ["web"],
    image: "i",
    address: "172.31.0.9",
    hostname: "w.example",
    aliases: ["www"],
    publish: ["8080:80"],
  };
  expect(fleetFromFlags(flags, {}).machines[0]).toMatchObject({
    address: "172.31.0.9",
    hostname: "w.example",
    aliases: ["www"],
  });
});

test("every problem is reported, by its flag", () => {
  const flags = {
    names: ["web", "Web", "web"],
    memory: "x",
    shmSize: "y",
    capabilities: ["chwn"],
    address: "172.31.0.9",
    publish: ["80"],
    domain: "-",
    volumes: ["x"],
  };
  expect(faultOf(() => fleetFromFlags(flags, {})).message.split("\n")).toEqual([
    "web: the machine is named twice",
    "--address: goes with one machine, not with 3",
    "--image: the image of the machines is missing",
    '--domain: "-" is not a domain; use letters, digits and hyphens, in parts of at most 63 characters joined by dots',
    expect.stringContaining('--memory: "x" is not a size'),
    expect.stringContaining('--shm-size: "y" is not a size'),
    '--volume: "x": "x" is not an absolute path in the machine',
    '--cap-add: "chwn" is not a Linux capability; did you mean "CHOWN"?',
    expect.stringContaining('Web: "Web" is not a name'),
    "--publish: the host's port 80/tcp is published by web as well as by Web",
  ]);
});

test("no names are a problem", () => {
  faultOf(() => fleetFromFlags({ names: [], image: "i" }, {}));
});

test.each<[Record<string, string | undefined>, readonly string[], string | undefined]>([
  [{ NAMES: "web db", IMAGE: "x" }, ["web", "db"], "x"],
  [{ NAMES: " web,\n db , " }, ["web", "db"], undefined],
  [{ NAMES: "", IMAGE: "" }, [], undefined],
  [{}, [], undefined],
])("%p asks for %p of %p", (environment, names, image) => {
  expect(namesFromEnvironment(environment)).toEqual(image === undefined ? { names } : { names, image });
});
