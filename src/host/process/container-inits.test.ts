import { expect, test } from "bun:test";
import { findContainer, findContainerInits, isFirstBelow } from "./container-inits.ts";

test.each([
  ["process 1 of a container", "Name:\tsystemd\nNSpid:\t4711\t1\nNSpgid:\t4711\t1\n", true],
  ["another process of it", "Name:\tcron\nNSpid:\t4712\t35\n", false],
  ["process 1 of a container within it", "Name:\tsh\nNSpid:\t4713\t36\t1\n", false],
  ["the host's process 1", "Name:\tsystemd\nNSpid:\t1\n", false],
  ["an ended process", "", false],
])("%s: %p is one: %p", (_, status, is) => expect(isFirstBelow(status)).toBe(is));

test("an id that no cgroup has belongs to nobody", () => {
  expect(findContainerInits(["0".repeat(64)])).toEqual([]);
});

const hex = "4f".repeat(32);

test.each([
  ["Docker's, by cgroupfs", `12:pids:/docker/${hex}\n0::/docker/${hex}\n`, hex],
  ["Docker's, by systemd", `0::/system.slice/docker-${hex}.scope/init.scope\n`, hex],
  ["Podman's", `0::/machine.slice/libpod-${hex}.scope/container\n`, hex],
  ["Podman's, by cgroupfs", `0::/libpod_parent/libpod-${hex}\n`, hex],
  ["a scope of its own name", "0::/machine.slice/web.scope\n", "web"],
  ["the runtime's own, by hand", "0::/user.slice/web\n", "web"],
  ["one whose name begins so", "0::/web2\n", undefined],
  ["one whose name ends so", "0::/system.slice/docker-my-web.scope\n", undefined],
  ["a service", "0::/system.slice/web.service\n", undefined],
  ["a hierarchy of that name", "1:name=web:/\n", undefined],
  ["one of an ended process", "", undefined],
])("the container of a cgroup: %s", (_, cgroups, id) => {
  expect(findContainer(cgroups, new Set(["web", hex]))).toBe(id);
});
