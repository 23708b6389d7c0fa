import { expect, test } from "bun:test";
import type { Endpoint } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import { chooseDaemonConfig, type EngineSight } from "./choose-daemon-config.ts";

const unix = (path: string): Endpoint => ({ kind: "unix", path, source: "--host" });
const tcp: Endpoint = { kind: "tcp", host: "127.0.0.1", port: 2375, source: "DOCKER_HOST" };
const program = {
  path: "/usr/bin/dockerd",
  arguments: ["dockerd"],
  environment: {},
  users: [0, 0, 0, 0],
  sharesRoot: true,
};
const none = { file: undefined, process: false };
const sight: EngineSight = {
  endpoint: unix("/run/docker.sock"),
  answers: true,
  program,
  byRoot: true,
  given: none,
};
const adas = { ...program, users: [1000, 1000, 1000, 1000] };
const rootless = { ...adas, environment: { HOME: "/home/ada", ROOTLESSKIT_STATE_DIR: "/x" } };
const named = { file: undefined, process: true };
const system = "/etc/docker/daemon.json";

test.each<[string, Partial<EngineSight>, string]>([
  ["an engine whose process is seen", {}, system],
  ["its --config-file", { program: { ...program, arguments: ["dockerd", "--config-file=/a"] } }, "/a"],
  [
    "a rootless engine, for its user",
    { program: rootless, byRoot: false },
    "/home/ada/.config/docker/daemon.json",
  ],
  ["the user's own word", { given: { file: "/b", process: false } }, "/b"],
  [
    "the user's own word, of an engine elsewhere",
    { program: undefined, given: { file: "/b", process: false } },
    "/b",
  ],
  [
    "one in another root, by the user's word",
    { program: { ...program, sharesRoot: false }, given: { file: "/b", process: false } },
    "/b",
  ],
  ["another user's, by root's own word", { program: adas, given: { file: "/b", process: true } }, "/b"],
  ["the system's socket, nobody there", { answers: false, program: undefined }, system],
  [
    "by its other name",
    { answers: false, program: undefined, endpoint: unix("/var/run/docker.sock") },
    system,
  ],
  ["by TCP, its process named", { endpoint: tcp, given: named }, system],
])("%s", (_, change, file) => expect(chooseDaemonConfig({ ...sight, ...change })).toBe(file));

test.each<[string, Partial<EngineSight>, string, RegExp]>([
  ["by TCP", { endpoint: tcp, program: undefined }, "host-unfit", /tcp:.*another host/],
  [
    "by TCP, not running, with a file",
    { endpoint: tcp, answers: false, program: undefined, given: { file: "/b", process: false } },
    "host-unfit",
    /another host/,
  ],
  [
    "by ssh",
    { endpoint: { kind: "ssh", host: "build1", source: "context" }, program: undefined },
    "host-unfit",
    /ssh:.*another host/,
  ],
  ["of another user, for root", { program: rootless }, "host-unfit", /rootless/],
  [
    "of another user that does not say it is rootless, for root",
    { program: { ...adas, arguments: ["dockerd", "--config-file=/etc/shadow"] }, given: named },
    "host-unfit",
    /another user's/,
  ],
  [
    "of a user who has started a set-uid program",
    { program: { ...program, users: [1000, 0, 0, 0] }, given: named },
    "host-unfit",
    /another user's/,
  ],
  [
    "whose process has ended",
    { program: { ...program, users: undefined }, given: named },
    "host-unfit",
    /another user's/,
  ],
  ["in a virtual machine", { program: undefined }, "host-unfit", /cannot find the process/],
  ["a snap", { program: { ...program, path: "/snap/docker/1/bin/dockerd" } }, "host-unfit", /is a snap/],
  ["in a container", { program: { ...program, sharesRoot: false } }, "host-unfit", /another root/],
  [
    "of a relative file",
    { program: { ...program, arguments: ["dockerd", "--config-file=x"] } },
    "host-unfit",
    /which daemon.json/,
  ],
  [
    "of a user, not running",
    { endpoint: unix("/run/user/1000/docker.sock"), answers: false, program: undefined },
    "engine-unreachable",
    /is unknown/,
  ],
])("refused: an engine %s", (_, change, code, message) => {
  let thrown: unknown;
  try {
    chooseDaemonConfig({ ...sight, ...change });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(BerthError);
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(message), hint: expect.any(String) });
});
