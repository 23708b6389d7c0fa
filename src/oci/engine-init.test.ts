import { expect, test } from "bun:test";
import type { OciConfig, OciMount } from "./config.ts";
import { withoutEngineInit } from "./engine-init.ts";

const bind = (destination: string, options = ["bind", "ro"]): OciMount => ({
  destination,
  type: "bind",
  source: "/usr/bin/docker-init",
  options,
});
const proc: OciMount = { destination: "/proc", type: "proc", source: "proc" };
const config = (args: string[], ...mounts: OciMount[]): OciConfig => ({
  ociVersion: "1.2.0",
  root: { path: "rootfs" },
  process: { args, cwd: "/" },
  mounts: [proc, ...mounts],
});

test.each(["/sbin/docker-init", "/run/podman-init", "/dev/init", "/sbin/tini"])(
  "%s and its mount go, all else stays",
  (program) => {
    const given = config([program, "--", "/sbin/init", "--x"], bind(program));
    expect(withoutEngineInit(given)).toEqual(config(["/sbin/init", "--x"]));
    expect(given.process.args).toHaveLength(4);
  },
);

const args = ["/sbin/docker-init", "--", "/sbin/init"];
test.each<[string, OciConfig]>([
  ["a container without it", config(["/sbin/init"])],
  ["the image's own program", config(args)],
  ["a volume, which an image may ask for", config(args, bind("/sbin/docker-init", ["rbind"]))],
  [
    "a tmpfs",
    config(args, { destination: "/sbin/docker-init", type: "tmpfs", source: "tmpfs", options: ["ro"] }),
  ],
  ["a mount elsewhere", config(args, bind("/dev/init"))],
  ["other words", config(["/sbin/docker-init", "-s", "--", "/sbin/init"], bind("/sbin/docker-init"))],
  ["another program", config(["/sbin/other", "--", "/sbin/init"], bind("/sbin/other"))],
  ["no command", config([])],
])("%s stays as it is", (_, given) => {
  expect(withoutEngineInit(given)).toBeUndefined();
});
