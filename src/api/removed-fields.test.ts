import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What the Engine API answered once and no longer does, by its version history (moby, api/docs/CHANGELOG.md). */
const removed: readonly (readonly [string, string, string, string])[] = [
  ["1.44", "image.ts", "ImageSummary", "VirtualSize"],
  ["1.44", "image.ts", "ImageInspect", "VirtualSize"],
  ["1.45", "image.ts", "ImageInspect", "Container ContainerConfig"],
  ["1.50", "system.ts", "SystemInfo", "BridgeNfIptables BridgeNfIp6tables"],
  ["1.52", "event.ts", "EventMessage", "status id from"],
  ["1.52", "image.ts", "ImageInspect", "DockerVersion"],
  [
    "1.52",
    "container.ts",
    "NetworkSettings",
    "Bridge HairpinMode LinkLocalIPv6Address LinkLocalIPv6PrefixLen SecondaryIPAddresses SecondaryIPv6Addresses " +
      "EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen IPAddress IPPrefixLen IPv6Gateway MacAddress",
  ],
  ["1.52", "host-config.ts", "HostConfig", "KernelMemoryTCP"],
  ["1.52", "system.ts", "SystemInfo", "KernelMemoryTCP"],
];

/** Answered only where there is something to say. */
const sometimes: readonly (readonly [string, string, string, string])[] = [
  ["1.52", "image.ts", "ImageInspect", "Parent Comment Author"],
  ["1.52", "image.ts", "ImageInspect", "GraphDriver"],
  ["1.52", "container.ts", "ContainerInspect", "GraphDriver"],
];

const fieldsOf = (file: string, name: string): readonly string[] => {
  const text = readFileSync(join(import.meta.dir, file), "utf8");
  const body = new RegExp(`^export interface ${name} \\{\n(.*?)^\\}`, "ms").exec(text)?.[1];
  if (body === undefined) throw new Error(`there is no ${name} in ${file}`);
  return [...body.matchAll(/^ {2}readonly (\w+\??):/gm)].map(([, field = ""]) => field);
};

test.each(removed)("what API %s took away is not read: %s, %s: %s", (_, file, name, fields) => {
  const has = fieldsOf(file, name).map((field) => field.replace("?", ""));
  expect(has.length).toBeGreaterThan(2);
  expect(fields.split(" ").filter((field) => has.includes(field))).toEqual([]);
});

test.each(sometimes)("what API %s may leave out is optional: %s, %s: %s", (_, file, name, fields) => {
  const has = fieldsOf(file, name);
  expect(fields.split(" ").filter((field) => has.includes(field))).toEqual([]);
});
