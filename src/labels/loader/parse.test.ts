import { describe, expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import { asksForLoader } from "./labels.ts";
import { parseLoaderLabels } from "./parse.ts";

const root = { "berth.loader.root": "/srv/mail" };

/** What is wrong with these labels, one line each. */
function problems(labels: Record<string, string>): readonly string[] {
  try {
    parseLoaderLabels(labels);
  } catch (error) {
    if (hasCode(error, "usage")) return error.details as string[];
    throw error;
  }
  return [];
}

test("the document's example, as it is written", () => {
  const spec = parseLoaderLabels({
    "foreign-root.capabilities": "SYS_ADMIN",
    "foreign-root.folder": "/srv/mailcow",
    "foreign-root.lxcfs": "/var/lib/lxcfs",
    "foreign-root.volumes": "/root,/run,/run/lock,/sys/fs/cgroup:/sys/fs/cgroup:ro",
    "foreign-root.publish": "25,80,110,143,443,465,587,993,995",
    "foreign-root.entrypoint": "/lib/systemd/systemd",
    "foreign-root.environment": "container=docker,TERM=xterm",
    "foreign-root.stop-signal": "rtmin+3",
    "foreign-root.args": "privileged=true,tty=true",
    "foreign-root.cpuset-cpus": "0,1",
    "foreign-root.memory": "768M",
    "foreign-root.memory-swap": "2048M",
    "foreign-root.hostname": "mailcow.exampl.com",
    "com.docker.swarm.service.name": "mailcow",
  });
  expect(spec).toMatchObject({
    root: "/srv/mailcow",
    capabilities: ["CAP_SYS_ADMIN"],
    lxcfs: "/var/lib/lxcfs",
    volumes: [{ kind: "anonymous", target: "/root", readOnly: false }],
    command: ["/lib/systemd/systemd"],
    environment: { container: "docker", TERM: "xterm" },
    stopSignal: 37,
    profile: "privileged",
    cpuset: "0,1",
    memory: 768 * 1024 ** 2,
    memorySwap: 2048 * 1024 ** 2,
    hostname: "mailcow.exampl.com",
  });
  expect(spec.publish.map(({ hostPort, port, protocol }) => `${hostPort}:${port}/${protocol}`)).toEqual(
    [25, 80, 110, 143, 443, 465, 587, 993, 995].map((port) => `${port}:${port}/tcp`),
  );
  expect(spec.notes).toHaveLength(3);
});

test.each<[string, Record<string, string>, object]>([
  [
    "the later names",
    { "real.root": "/r", "real.cap-add": "net-admin,CAP_SYS_TIME", "real.env.A": "1,2", "real.env.B": "" },
    { root: "/r", capabilities: ["CAP_NET_ADMIN", "CAP_SYS_TIME"], environment: { A: "1,2", B: "" } },
  ],
  ["a path's shortest form", { "berth.loader.root": "/srv//x/../mail/" }, { root: "/srv/mail" }],
  ["the init by default", root, { command: ["/sbin/init"] }],
  [
    "an init and its arguments",
    { ...root, "berth.loader.command": "/sbin/init,--log-level=debug", "berth.loader.arguments": "a b" },
    { command: ["/sbin/init", "--log-level=debug", "a b"] },
  ],
  [
    "an image without a folder",
    { "foreign-root.image": "debian:12", "foreign-root.cmd": "x" },
    { image: "debian:12", command: ["/sbin/init", "x"] },
  ],
  [
    "one variable over the list",
    { ...root, "berth.loader.environment": "A=1,B=2", "berth.loader.environment.A": "3" },
    { environment: { A: "3", B: "2" } },
  ],
  [
    "a quoted comma",
    { ...root, "berth.loader.environment": '"A=1,2",B=3' },
    { environment: { A: "1,2", B: "3" } },
  ],
  [
    "a tmpfs with and without options",
    { ...root, "berth.loader.tmpfs": '/x,"/y:size=1m,mode=700"' },
    { tmpfs: { "/x": "", "/y": "size=1m,mode=700" } },
  ],
  [
    "ports of every kind",
    { ...root, "berth.loader.publish": "53:53/udp,1000-1010,192.0.2.1:8080:80" },
    {
      publish: [
        { hostPort: 53, protocol: "udp" },
        { hostPort: 1000, count: 11 },
        { address: "192.0.2.1", hostPort: 8080, port: 80 },
      ],
    },
  ],
  ["lxcfs at its usual place", { ...root, "berth.loader.lxcfs": "true" }, { lxcfs: "/var/lib/lxcfs" }],
  [
    "flags of docker run",
    { ...root, "berth.loader.args": 'device=/dev/fuse,label="a=b,c",shm-size=1g' },
    { flags: { body: { Labels: { a: "b,c" }, HostConfig: { ShmSize: 1024 ** 3 } } } },
  ],
  [
    "the host name among the flags",
    { ...root, "berth.loader.args": "hostname=web.test" },
    { hostname: "web.test" },
  ],
  ["the same in two labels", { ...root, "foreign-root.folder": "/srv/mail" }, { root: "/srv/mail" }],
])("%s", (_, labels, expected) => expect(parseLoaderLabels(labels)).toMatchObject(expected));

describe("what is refused, by the label's name", () => {
  test.each<[Record<string, string>, RegExp]>([
    [{}, /missing root/],
    [{ "berth.loader.root": "/" }, /berth\.loader\.root: invalid root "\/" .*not the host's own root/],
    [{ "berth.loader.root": "/srv/.." }, /the host's own root/],
    [{ "berth.loader.root": "srv" }, /invalid root "srv" .*absolute path/],
    [{ "berth.loader.root": "/a:b" }, /no NUL, colon/],
    [
      { ...root, "foreign-root.folder": "/other" },
      /foreign-root\.folder: conflicts with .*berth\.loader\.root/,
    ],
    [{ ...root, "foreign-root.volume": "/x" }, /foreign-root\.volume: unknown label.*did you mean "volumes"/],
    [{ ...root, "real.capabilities": "SYS_ADMN" }, /did you mean "SYS_ADMIN"/],
    [{ ...root, "real.memory": "1Q" }, /real\.memory: invalid size "1Q"/],
    [{ ...root, "real.publish": "80,8000-8010:80" }, /as many ports on both sides, not 11 and 1/],
    [{ ...root, "real.publish": "80,80:81" }, /duplicate host port 80/],
    [{ ...root, "real.publish": "0:80" }, /host port 0/],
    [{ ...root, "real.entrypoint": "init --privileged" }, /invalid init/],
    [{ ...root, "real.environment": "A" }, /invalid variable "A"/],
    [{ ...root, "real.env.A B": "x" }, /invalid variable name "A B"/],
    [{ ...root, "real.stop-signal": "NOPE" }, /invalid signal/],
    [{ ...root, "real.hostname": "a b" }, /invalid host name "a b"/],
    [{ ...root, "real.volumes": "./x:/x" }, /the host path must be absolute/],
    [{ ...root, "real.lxcfs": "lxcfs" }, /invalid lxcfs "lxcfs" .*absolute path/],
    [{ ...root, "real.args": "name=x" }, /name: the swarm's task names the machine/],
    [{ ...root, "real.args": "rm" }, /rm: the loader removes/],
    [{ ...root, "real.args": "init" }, /init: PID 1 must be the machine's own init/],
    [{ ...root, "real.args": "restart=always,network=host" }, /restart: .*network, ip, mac-address: /],
    [{ ...root, "real.args": "publish=80:80" }, /publish: use the label/],
    [{ ...root, "real.args": "ip=10.0.0.1" }, /network, ip, mac-address: /],
    [{ ...root, "real.args": "mac-address=02:00:00:00:00:01" }, /network, ip, mac-address: /],
    [{ ...root, "real.args": "dns=10.0.0.1" }, /dns, add-host/],
    [{ ...root, "real.args": "add-host=a:10.0.0.1" }, /dns, add-host/],
    [{ ...root, "real.args": "entrypoint=/bin/true" }, /entrypoint: use the label/],
    [{ ...root, "real.args": "no-such-flag" }, /no-such-flag/],
    [{ ...root, "real.profile": "ful" }, /did you mean "full"/],
  ])("%p", (labels, message) => expect(problems(labels).join("\n")).toMatch(message));

  test("all of it at once", () =>
    expect(problems({ ...root, "real.memory": "x", "real.cpus": "x", "real.pids": "x" })).toHaveLength(3));

  test("of a list the first slip alone, however long the list", () => {
    const slips = Array.from({ length: 100_000 }, (_, index) => `SLIP${index}`);
    const found = problems({ ...root, "real.capabilities": ["KILL", ...slips].join(",") });
    expect(found).toEqual([expect.stringContaining('"SLIP0"')]);
  });
});

test.each<[Record<string, string>, boolean]>([
  [{ "real.root": "/x" }, true],
  [{ "foreign-root.folder": "/x" }, true],
  [{ "berth.loader.image": "x" }, true],
  [{ "berth.loader.version": "1", "other.root": "/x" }, false],
])("%p asks for a loader: %p", (labels, asks) => expect(asksForLoader(labels)).toBe(asks));
