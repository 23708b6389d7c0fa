import { expect, test } from "bun:test";
import type { CreateBody } from "#api/create-body.ts";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseDockerFlags } from "./flags.ts";

const bodyOf = (...words: string[]) => parseDockerFlags(words).body;
const messageOf = (...words: string[]) => faultOf(() => parseDockerFlags(words)).message;

test("no flags ask for nothing", () => {
  expect(parseDockerFlags([])).toEqual({ body: {} });
});

test.each<[string[], CreateBody]>([
  [["--memory=1g"], { HostConfig: { Memory: 1073741824 } }],
  [["--memory", "1g"], { HostConfig: { Memory: 1073741824 } }],
  [["-m", "1g"], { HostConfig: { Memory: 1073741824 } }],
  [["-m1g"], { HostConfig: { Memory: 1073741824 } }],
  [["-m=1g"], { HostConfig: { Memory: 1073741824 } }],
  [
    ["-itm", "1g"],
    { OpenStdin: true, AttachStdin: true, StdinOnce: true, Tty: true, HostConfig: { Memory: 1073741824 } },
  ],
  [["-it=false"], { OpenStdin: true, AttachStdin: true, StdinOnce: true, Tty: false }],
  [["--tty", "--privileged"], { Tty: true, HostConfig: { Privileged: true } }],
  [["--hostname=a=b"], { Hostname: "a=b" }],
  [["--hostname", "--tty"], { Hostname: "--tty" }],
  [["--hostname="], { Hostname: "" }],
])("%p: how a flag is written", (words, body) => {
  expect(bodyOf(...words)).toEqual(body);
});

test("the name and the platform are no part of the body", () => {
  expect(parseDockerFlags(["--name=a", "--platform=linux/amd64"])).toEqual({
    body: {},
    name: "a",
    platform: "linux/amd64",
  });
});

test.each([
  ["true", true],
  ["1", true],
  ["T", true],
  ["TRUE", true],
  ["false", false],
  ["0", false],
  ["F", false],
  ["False", false],
])("--privileged=%s", (text, Privileged) => {
  expect(bodyOf(`--privileged=${text}`)).toEqual({ HostConfig: { Privileged } });
});

test("of a flag with one value the last counts, lists add up, names in maps replace", () => {
  expect(
    bodyOf(
      "--memory=1g",
      "--memory=2g",
      "--dns=1.1.1.1",
      "--dns=8.8.8.8",
      "-la=1",
      "-lb",
      "-la=2",
      "-eA=1",
      "-eB=x=y",
      "-eA=2",
    ),
  ).toEqual({
    Env: ["A=2", "B=x=y"],
    Labels: { a: "2", b: "" },
    HostConfig: { Memory: 2147483648, Dns: ["1.1.1.1", "8.8.8.8"] },
  });
  expect(bodyOf("--entrypoint=/a", "--entrypoint=")).toEqual({ Entrypoint: [""] });
  expect(bodyOf("--restart=on-failure:3", "--restart=always")).toEqual({
    HostConfig: { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } },
  });
  expect(bodyOf("--ulimit=nofile=9", "--ulimit=core=-1", "--ulimit=nofile=1:2").HostConfig?.Ulimits).toEqual([
    { Name: "core", Soft: -1, Hard: -1 },
    { Name: "nofile", Soft: 1, Hard: 2 },
  ]);
});

test("names that mean something to JavaScript are names", () => {
  const { Labels, HostConfig } = bodyOf(
    "--label=__proto__=x",
    "--label=constructor=y",
    "--sysctl=net.__proto__=1",
    "--tmpfs=/a",
  );
  expect(JSON.stringify(Labels)).toBe('{"__proto__":"x","constructor":"y"}');
  expect(HostConfig?.Sysctls).toEqual({ "net.__proto__": "1" });
  expect(messageOf("--constructor=1")).toContain("unknown flag");
  expect(messageOf("--mount=constructor=1,dst=/a")).toContain('unknown mount key "constructor"');
});

test.each<[string[], CreateBody]>([
  [
    ["--health-cmd=a b", "--health-interval=1.5s"],
    { Healthcheck: { Test: ["CMD-SHELL", "a b"], Interval: 1_500_000_000 } },
  ],
  [
    ["--health-timeout=1m30s", "--health-start-period=100ms"],
    { Healthcheck: { Timeout: 90e9, StartPeriod: 100e6 } },
  ],
  [
    ["--health-start-interval=1h", "--health-retries=3"],
    { Healthcheck: { StartInterval: 3600e9, Retries: 3 } },
  ],
  [["--health-interval=0s", "--health-cmd="], {}],
  [["--no-healthcheck"], { Healthcheck: { Test: ["NONE"] } }],
])("%p: health", (words, body) => {
  expect(bodyOf(...words)).toEqual(body);
});

test.each<[string[], CreateBody]>([
  [["-a", "STDOUT"], { AttachStdout: true, AttachStderr: false }],
  [["-a", "stdin", "-a", "stderr"], { AttachStdin: true, AttachStdout: false, AttachStderr: true }],
])("%p: streams", (words, body) => {
  expect(bodyOf(...words)).toEqual(body);
});

test("systempaths=unconfined is the client's own: it empties the lists of paths", () => {
  expect(
    bodyOf(
      "--security-opt=systempaths=unconfined",
      "--security-opt=label:disable",
      "--security-opt=no-new-privileges",
    ),
  ).toEqual({
    HostConfig: { MaskedPaths: [], ReadonlyPaths: [], SecurityOpt: ["label:disable", "no-new-privileges"] },
  });
});

test.each<[string, number]>([
  ["2", 2e9],
  ["0.5", 5e8],
  [".25", 25e7],
  ["1.", 1e9],
  ["0.123456789", 123456789],
  ["0.1000000000000", 1e8],
  ["0", 0],
])("--cpus=%s", (text, NanoCpus) => {
  expect(bodyOf(`--cpus=${text}`)).toEqual({ HostConfig: { NanoCpus } });
});

test("--gpus", () => {
  const request = (text: string) => bodyOf("--gpus", text).HostConfig?.DeviceRequests?.[0];
  expect(request("all")).toEqual({ Count: -1, Capabilities: [["gpu"]], Options: {} });
  expect(request("2")).toEqual({ Count: 2, Capabilities: [["gpu"]], Options: {} });
  expect(request("driver=x")).toEqual({ Driver: "x", Count: 1, Capabilities: [["gpu"]], Options: {} });
  expect(request('"device=0,1","capabilities=a,b","options=c=d,e"')).toEqual({
    Count: 0,
    DeviceIDs: ["0", "1"],
    Capabilities: [["a", "b", "gpu"]],
    Options: { c: "d", e: "" },
  });
  expect(bodyOf("--device=vendor.com/class=name", "--gpus=1").HostConfig?.DeviceRequests).toEqual([
    { Count: 1, Capabilities: [["gpu"]], Options: {} },
    { Driver: "cdi", DeviceIDs: ["vendor.com/class=name"] },
  ]);
});

test.each([
  "--cidfile=x",
  "--detach",
  "-d",
  "--detach-keys=a",
  "--disable-content-trust",
  "--env-file=x",
  "--help",
  "--label-file=x",
  "--pull=always",
  "--quiet",
  "-q",
  "--sig-proxy=false",
  "--use-api-socket",
  "--cpu-count=1",
  "--cpu-percent=1",
  "--io-maxbandwidth=1",
  "--io-maxiops=1",
])("%s is refused by name, with the reason", (word) => {
  expect(messageOf(word)).toMatch(new RegExp(`^${word.split("=")[0]}: unsupported flag: .+`));
});

test("what needs something of the client's is refused, and no value of a variable is shown", () => {
  expect(messageOf("--env=NAME")).toStartWith('--env: invalid variable "NAME"');
  expect(messageOf("-e=", "--env==secret")).not.toContain("secret");
  expect(messageOf("--security-opt=seccomp=profile.json")).toContain("the docker client reads the file");
  expect(messageOf("--volume=./a:/b")).toContain("must be an absolute path");
  expect(messageOf("--mount=type=bind,src=~/a,dst=/b")).toContain("must be an absolute path");
  expect(messageOf("--label=berth.machine=x")).toContain('"berth." is reserved');
});

test("an unknown flag is named, with the one that may be meant", () => {
  expect(messageOf("--privilegd=true")).toBe(
    '--privilegd: unknown flag of docker run; did you mean "--privileged"?',
  );
  expect(messageOf("-Z")).toBe("-Z: unknown flag of docker run");
  expect(messageOf("image")).toBe('invalid flag "image" (example: --tty or -t)');
  for (const word of ["-", "--", "---x", "--=x", ""]) messageOf(word);
});

test("everything that is wrong is said at once, a line each, and nothing twice", () => {
  const { error, message } = faultOf(() =>
    parseDockerFlags(["--memory=x", "--foo", "bar", "-t=maybe", "--cidfile", "y", "--hostname"]),
  );
  expect(message.split("\n").map((line) => line.split(":")[0])).toEqual([
    "--foo",
    "--memory",
    "-t",
    "--cidfile",
    "--hostname",
  ]);
  expect(error.details).toEqual(message.split("\n"));
});

test.each([
  ["--rm", "--restart=always"],
  ["--no-healthcheck", "--health-cmd=x"],
  ["--no-healthcheck", "--health-retries=1"],
  ["--log-driver=none", "--log-opt=a=b"],
])("%s and %s contradict each other", (one, other) => {
  const words = [one, other];
  messageOf(...words);
  for (const word of words) bodyOf(word);
});

test.each([
  ["--annotation", "=x"],
  ["--attach", "stdfoo"],
  ["--blkio-weight", "9"],
  ["--blkio-weight-device", "sda:10"],
  ["--cap-add", "FOO"],
  ["--cgroupns", "foo"],
  ["--cpu-shares", "010"],
  ["--cpu-quota", "1.5"],
  ["--cpus", "."],
  ["--cpus", "0.0000000001"],
  ["--cpus", "1e3"],
  ["--cpuset-cpus", "a"],
  ["--device-cgroup-rule", "c 1:3"],
  ["--gpus", "count"],
  ["--gpus", "colour=red"],
  ["--gpus", ""],
  ["--health-interval", "90"],
  ["--health-interval", "-1s"],
  ["--health-interval", "1s1"],
  ["--health-interval", ""],
  ["--health-retries", "-1"],
  ["--ipc", "foo"],
  ["--label", "a b=c"],
  ["--link", "a:b:c"],
  ["--log-opt", "=x"],
  ["--memory", "much"],
  ["--memory-swap", "-2"],
  ["--memory-swappiness", "101"],
  ["--oom-score-adj", "1001"],
  ["--pid", "container:"],
  ["--pid", "container:NAME:x"],
  ["--restart", "sometimes"],
  ["--restart", "always:3"],
  ["--restart", "on-failure:x"],
  ["--security-opt", "foo"],
  ["--security-opt", "apparmor="],
  ["--storage-opt", "size"],
  ["--sysctl", "kernel.hostname=x"],
  ["--sysctl", "net.a"],
  ["--tmpfs", "a"],
  ["--ulimit", "nofile"],
  ["--ulimit", "nofile=2:1"],
  ["--ulimit", "nofile=-1:1"],
  ["--ulimit", "nofile=1:2:3"],
  ["--ulimit", "files=1"],
  ["--userns", "private"],
  ["--uts", "private"],
])("%s %p: a bad value is named with its flag", (flag, value) => {
  expect(messageOf(flag, value)).toStartWith(`${flag}: `);
});
