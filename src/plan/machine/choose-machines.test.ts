import { expect, test } from "bun:test";
import type { ContainerSummary } from "#api/container.ts";
import { chooseMachines } from "./choose-machines.ts";

function container(name: string, machine?: string): ContainerSummary {
  return {
    Id: `id-${name}`,
    Names: [`/${name}`],
    Image: "debian-12",
    ImageID: "sha256:aa",
    Command: "/sbin/init",
    Created: 0,
    Ports: [],
    Labels: machine === undefined ? {} : { "berth.machine": machine },
    State: "running",
    Status: "Up",
    HostConfig: {},
  };
}

const web = container("web", "web");
const db = container("db", "db");
const foreign = container("nginx");
const renamed = container("web-2", "mail");
const copy = container("copy", "web");
const listed = { all: [web, db, foreign, renamed, copy], machines: [web, db] };

test("machines come in the order that was asked for", () => {
  expect(chooseMachines(["db", "web"], listed).map(({ id }) => id)).toEqual(["id-db", "id-web"]);
});

test("a machine is without the labels that its image handed down", () => {
  const machines = [{ ...web, Labels: { "berth.machine": "web" } }];
  const all = [{ ...web, Labels: { "berth.machine": "web", "berth.init": "runit" } }];
  expect(chooseMachines(["web"], { all, machines })[0]?.init).toBeUndefined();
});

const bears = (name: string, machine: string) => `the container ${name} has the label of machine ${machine}`;

test.each<[readonly string[], string, string, string]>([
  [["wev", "x"], "not-found", "no such machine: wev, x", "did you mean web?"],
  [["quite-other"], "not-found", "no such machine: quite-other", "`berth ls` shows all machines"],
  [
    ["mail"],
    "not-found",
    "no such machine: mail",
    `${bears("web-2", "mail")}: if you renamed it, run \`docker rename web-2 mail\``,
  ],
  [
    ["web", "nginx"],
    "not-ours",
    "container not created by berth: nginx",
    "use docker for containers not created by berth",
  ],
  [
    ["copy"],
    "not-ours",
    "container not created by berth: copy",
    `${bears("copy", "web")}, but another container has that name: use docker`,
  ],
])("%j are refused: %s", (names, code, message, hint) => {
  expect(() => chooseMachines(names, listed)).toThrow(expect.objectContaining({ code, message, hint }));
});
