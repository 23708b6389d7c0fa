import { expect, test } from "bun:test";
import type { ContainerSummary } from "#api/container.ts";
import { madeByBerth, namedBy, namedOtherwise } from "./own-containers.ts";

function container(name: string, Labels: ContainerSummary["Labels"], ImageID = "plain"): ContainerSummary {
  return {
    Id: `id-${name}`,
    Names: [`/${name}`],
    Image: "x",
    ImageID,
    Command: "/sbin/init",
    Created: 0,
    Ports: [],
    Labels,
    State: "running",
    Status: "Up",
    HostConfig: { NetworkMode: "berth.internal" },
  };
}

const web = container("web", { "berth.machine": "web" });
const moved = container("web-2", { "berth.machine": "mail" });
const none = container("nginx", {});
const ids = (containers: readonly ContainerSummary[]) => containers.map(({ Id }) => Id);

test("a container is named by its label, or has been named otherwise since", () => {
  const all = [web, moved, none];
  expect(ids(namedBy(all, "berth.machine"))).toEqual(["id-web"]);
  expect(ids(namedOtherwise(all, new Set(["web", "mail"])))).toEqual(["id-web-2"]);
  expect(ids(namedOtherwise(all, new Set(["web"])))).toEqual([]);
});

test("what a container has of its image alone neither makes it berth's nor decides", () => {
  const images = new Map([
    ["plain", {}],
    ["committed", { "berth.machine": "web", "berth.root": "/srv" }],
    ["gone", undefined],
  ]);
  const handed = { "berth.machine": "web", "berth.root": "/srv" };
  const copy = container("copy", handed, "committed");
  const own = container("own", { ...handed, "berth.creation": "1" }, "committed");
  const orphan = container(
    "orphan",
    { "berth.machine": "orphan", "berth.network": "berth.internal" },
    "gone",
  );
  const made = madeByBerth([web, none, copy, own, orphan], "berth.machine", images);
  expect(ids(made)).toEqual(["id-web", "id-own", "id-orphan"]);
  expect(made[1]?.Labels).toEqual({ "berth.machine": "web", "berth.creation": "1" });
  expect(made[2]?.Labels).toEqual(orphan.Labels);
});
