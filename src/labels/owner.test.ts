import { expect, test } from "bun:test";
import type { Fleet } from "#machinefile/machine.ts";
import { fleetFromOptions } from "#machinefile/read/fleet-from-options.ts";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import { label } from "./machine.ts";
import { claimOf, domainFor, ownerOf, renderOwner } from "./owner.ts";

const fleetOf = (file: string, text = ""): Fleet =>
  parseMachineFile(`${text}machines: {web: {image: x}}\n`, { fileName: file, environment: {} });
const shop = fleetOf("/srv/shop/berth.yaml");
const typed = fleetFromOptions({ names: ["web"], values: { image: "x" } }, {});
const madeBy = (fleet: Fleet) => ({
  owner: ownerOf(renderOwner(fleet.project)),
  network: fleet.network.domain,
});
const unknown = (network: string) => ({ owner: undefined, network });

test.each([
  ["the file itself", shop, madeBy(shop), "owner"],
  ["another file", fleetOf("/srv/blog/berth.yaml"), madeBy(shop), "stranger"],
  ["another file of the same project", fleetOf("/home/me/shop/berth.yaml"), madeBy(shop), "stranger"],
  [
    "another file with the same domain",
    fleetOf("/srv/blog/berth.yaml", "network: {domain: shop.internal}\n"),
    madeBy(shop),
    "stranger",
  ],
  ["the command line, for a file's", typed, madeBy(shop), "stranger"],
  ["a file, for the command line's", shop, madeBy(typed), "stranger"],
  ["the command line, for its own", typed, madeBy(typed), "owner"],
  ["the file under a new name", fleetOf("/srv/shop/berth.yaml", "name: store\n"), madeBy(shop), "owner"],
  ["a file with the domain of a machine that tells nobody", shop, unknown("shop.internal"), "owner"],
  ["a file without a domain, for the domain of all before", shop, unknown("berth.internal"), "owner"],
  [
    "a file with a domain of its own, for the same",
    fleetOf("/a/b.yaml", "network: {domain: lab.test}\n"),
    unknown("berth.internal"),
    "stranger",
  ],
  ["a machine of another domain that tells nobody", shop, unknown("lab.test"), "stranger"],
] as const)("%s: %s", (_, fleet, machine, claim) => {
  expect(claimOf(fleet, machine, () => true)).toBe(claim);
});

test("a project whose directory was moved inherits its machines, and nobody else does", () => {
  const gone = (path: string) => path !== "/srv/shop/berth.yaml";
  expect(claimOf(fleetOf("/home/me/shop/berth.yaml"), madeBy(shop), gone)).toBe("heir");
  expect(claimOf(fleetOf("/home/me/blog/berth.yaml", "name: shop\n"), madeBy(shop), gone)).toBe("heir");
  expect(claimOf(fleetOf("/home/me/blog/berth.yaml"), madeBy(shop), gone)).toBe("stranger");
  expect(claimOf(typed, madeBy(shop), gone)).toBe("stranger");
});

test("the labels of who has no file cover those of an image", () => {
  const labels = { ...renderOwner(shop.project), ...renderOwner(typed.project) };
  expect(ownerOf(labels)).toEqual({ name: "berth" });
  expect(ownerOf({ [label.machine]: "web" })).toBeUndefined();
});

test("the domain is the project's, but where machines are still in the one of all", () => {
  const there = (name: string, machine: ReturnType<typeof unknown>) => ({ name, ...machine });
  expect(domainFor(shop, [])).toBe("shop.internal");
  expect(domainFor(shop, [there("web", unknown("berth.internal"))])).toBe("berth.internal");
  expect(domainFor(shop, [there("db", unknown("berth.internal"))])).toBe("shop.internal");
  expect(domainFor(shop, [there("web", madeBy(typed) as never)])).toBe("shop.internal");
  expect(
    domainFor(fleetOf("/a/shop/berth.yaml", "network: {domain: lab.test}\n"), [
      there("web", unknown("berth.internal")),
    ]),
  ).toBe("lab.test");
});
