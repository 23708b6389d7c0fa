import { expect, test } from "bun:test";
import { faultOf } from "./fault.test.ts";
import { fleetFromOptions, namesFromEnvironment } from "./fleet-from-options.ts";

test("options make the same machine under each name", () => {
  const fleet = fleetFromOptions(
    {
      names: ["web", "db"],
      values: {
        image: "debian-12",
        memory: "512M",
        shm_size: "1G",
        tmpfs: ["/tmp:size=1m"],
        cpus: "1.5",
        volumes: ["/cache"],
        environment: ["A=b", "MINE", "NOBODYS"],
        capabilities: ["net-admin"],
        profile: "privileged",
        restart: "no",
        stop_timeout: "10",
        labels: ["x=y"],
        subnet: "10.0.0.0/24",
      },
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
  const values = {
    image: "i",
    address: "10.72.0.9",
    hostname: "w.example",
    aliases: ["www"],
    publish: ["8080:80"],
  };
  expect(fleetFromOptions({ names: ["web"], values }, {}).machines[0]).toMatchObject({
    address: "10.72.0.9",
    hostname: "w.example",
    aliases: ["www"],
  });
});

test("every problem is reported, by its option", () => {
  const names = ["web", "Web", "web"];
  const values = {
    memory: "x",
    shm_size: "y",
    capabilities: ["chwn"],
    address: "10.72.0.9",
    publish: ["80"],
    domain: "-",
    volumes: ["x"],
  };
  expect(faultOf(() => fleetFromOptions({ names, values }, {})).message.split("\n")).toEqual([
    "web: duplicate machine",
    "--address: goes with one machine, not with 3",
    "--image: missing (example: --image debian-12)",
    expect.stringContaining('--domain: invalid domain "-" (example: lab.test; letters, digits and hyphens'),
    '--cap-add: unknown capability "chwn" (example: NET_ADMIN); did you mean "CHOWN"?',
    expect.stringContaining('--memory: invalid size "x" (example: 512M'),
    expect.stringContaining('--volume: invalid volume "x" (example: data:/srv'),
    expect.stringContaining('--shm-size: invalid size "y" (example: 512M'),
    expect.stringContaining('Web: invalid name "Web" (example: web-1'),
    "--publish: duplicate host port 80/tcp: web and Web publish it",
  ]);
});

test("no names are a problem", () => {
  faultOf(() => fleetFromOptions({ names: [], values: { image: "i" } }, {}));
});

test.each<[Record<string, string | undefined>, readonly string[], string | undefined]>([
  [{ NAMES: "web db", IMAGE: "x" }, ["web", "db"], "x"],
  [{ NAMES: " web,\n db , " }, ["web", "db"], undefined],
  [{ NAMES: "", IMAGE: "" }, [], undefined],
  [{}, [], undefined],
])("%p asks for %p of %p", (environment, names, image) => {
  expect(namesFromEnvironment(environment)).toEqual(image === undefined ? { names } : { names, image });
});
