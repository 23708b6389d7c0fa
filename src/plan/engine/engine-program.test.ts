import { expect, test } from "bun:test";
import { daemonConfigOf, type EngineProgram, enginePackaging } from "./engine-program.ts";

const dockerd: EngineProgram = {
  path: "/usr/bin/dockerd",
  arguments: ["/usr/bin/dockerd", "-H", "fd://"],
  environment: { HOME: "/root" },
  users: [0, 0, 0, 0],
  sharesRoot: true,
};
const rootless = { HOME: "/home/ada", ROOTLESSKIT_STATE_DIR: "/run/user/1000/dockerd-rootless" };

test.each([
  ["a distribution's", {}, "system"],
  ["snap's", { path: "/snap/docker/2932/bin/dockerd" }, "snap"],
  ["snap's on Fedora", { path: "/var/lib/snapd/snap/docker/2932/bin/dockerd" }, "snap"],
  ["one in a directory called snap", { path: "/opt/snap/dockerd" }, "system"],
  ["a rootless", { environment: rootless }, "rootless"],
  ["one that this user may not look at", { path: undefined, environment: {} }, "system"],
] as const)("%s engine", (_, change, packaging) =>
  expect(enginePackaging({ ...dockerd, ...change })).toBe(packaging),
);

const withArguments = (...given: string[]) => ({ arguments: ["dockerd", ...given] });

test.each<[string, Partial<EngineProgram>, string | undefined]>([
  ["the default", {}, "/etc/docker/daemon.json"],
  ["one word", withArguments("--config-file=/a/daemon.json", "-D"), "/a/daemon.json"],
  ["two words", withArguments("--config-file", "/a b/daemon.json"), "/a b/daemon.json"],
  ["the last", withArguments("--config-file=/a", "--config-file", "/b"), "/b"],
  ["another option", withArguments("--config-file-x=/a"), "/etc/docker/daemon.json"],
  ["a relative path", withArguments("--config-file=daemon.json"), undefined],
  ["rootless", { environment: rootless }, "/home/ada/.config/docker/daemon.json"],
  [
    "rootless, XDG",
    { environment: { ...rootless, XDG_CONFIG_HOME: "/srv/ada" } },
    "/srv/ada/docker/daemon.json",
  ],
  ["rootless, homeless", { environment: { ROOTLESSKIT_STATE_DIR: "/x" } }, undefined],
])("daemon.json: %s", (_, change, file) => expect(daemonConfigOf({ ...dockerd, ...change })).toBe(file));
