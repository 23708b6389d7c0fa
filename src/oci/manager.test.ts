import { expect, test } from "bun:test";
import type { OciConfig } from "./config.ts";
import { hasMadeNetwork, managerOf } from "./manager.ts";

const libpod = { "io.container.manager": "libpod" };
const made = "netns/netns-5f0c1a2b-0123-4567-89ab-0123456789ab";

test.each<[string, Record<string, string> | undefined, string | undefined, "docker" | "podman", boolean]>([
  ["Podman's own network", libpod, `/run/${made}`, "podman", true],
  ["by the other name of /run", libpod, `/var/run/${made}`, "podman", true],
  ["a user's", libpod, `/run/user/1000/${made}`, "podman", true],
  ["another container's", libpod, "/proc/4711/ns/net", "podman", false],
  ["one that the user has made", libpod, "/run/netns/mine", "podman", false],
  ["the runtime's", libpod, undefined, "podman", false],
  ["Docker", { "com.example": "libpod" }, `/run/${made}`, "docker", false],
  ["no annotations", undefined, undefined, "docker", false],
])("%s", (_, annotations, path, manager, isMade) => {
  const config: OciConfig = {
    ociVersion: "1.0.2",
    process: { args: [] },
    root: { path: "/" },
    ...(annotations ? { annotations } : {}),
    linux: { namespaces: [{ type: "network", ...(path ? { path } : {}) }] },
  };
  expect([managerOf(config), hasMadeNetwork(config)]).toEqual([manager, isMade]);
});
