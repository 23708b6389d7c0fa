import { expect, test } from "bun:test";
import type { CreateBody } from "#api/create-body.ts";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseDockerFlags } from "./flags.ts";

const bodyOf = (...words: string[]) => parseDockerFlags(words).body;
const messageOf = (...words: string[]) => faultOf(() => parseDockerFlags(words)).message;

test.each<[string[], CreateBody]>([
  [["--network=net"], { HostConfig: { NetworkMode: "net" } }],
  [["--net=host"], { HostConfig: { NetworkMode: "host" } }],
  [["--network=container:a"], { HostConfig: { NetworkMode: "container:a" } }],
  [
    ["--network=name=Net,alias=A,alias=b,ip=10.0.0.5,ip6=2001:DB8::5,driver-opt=Key=Value,gw-priority=3"],
    {
      HostConfig: { NetworkMode: "net" },
      NetworkingConfig: {
        EndpointsConfig: {
          net: {
            Aliases: ["a", "b"],
            IPAMConfig: { IPv4Address: "10.0.0.5", IPv6Address: "2001:db8::5" },
            DriverOpts: { key: "value" },
            GwPriority: 3,
          },
        },
      },
    },
  ],
  [
    [
      "--network=net",
      "--network-alias=A",
      "--ip=10.0.0.5",
      "--link-local-ip=169.254.1.2",
      "--link=db:x",
      "--link=web",
    ],
    {
      HostConfig: { NetworkMode: "net", Links: ["db:x", "web"] },
      NetworkingConfig: {
        EndpointsConfig: {
          net: {
            Aliases: ["A"],
            Links: ["db:x", "web"],
            IPAMConfig: { IPv4Address: "10.0.0.5", LinkLocalIPs: ["169.254.1.2"] },
          },
        },
      },
    },
  ],
  [["--link=db"], { HostConfig: { Links: ["db"] } }],
  [
    ["--mac-address=92:d0:c6:0a:29:33"],
    {
      MacAddress: "92:d0:c6:0a:29:33",
      NetworkingConfig: { EndpointsConfig: { default: { MacAddress: "92:d0:c6:0a:29:33" } } },
    },
  ],
  [
    ["--network=a", "--network=name=b,alias=x"],
    {
      HostConfig: { NetworkMode: "a" },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: { Aliases: ["x"] } } },
    },
  ],
])("%p: networks", (words, body) => {
  expect(bodyOf(...words)).toEqual(body);
});

test.each([
  [["--network="]],
  [["--network=alias=x"]],
  [["--network=name=x,colour=red"]],
  [["--network=name=x,driver-opt=a"]],
  [["--network=name=x,ip=here"]],
  [["--network=a", "--network=a"]],
  [["--network=a", "--network=host"]],
  [["--network-alias=a"]],
  [["--network=container:a", "--network-alias=b"]],
  [["--network=name=a,ip=10.0.0.5", "--ip=10.0.0.6"]],
  [["--network=name=a,alias=b", "--network-alias=c"]],
  [["--ip=::1"]],
  [["--ip6=1.2.3.4"]],
  [["--mac-address=92:d0"]],
  [["--add-host=web"]],
  [["--add-host=web:there"]],
  [["--add-host=:1.2.3.4"]],
  [["--dns=example.com"]],
  [["--dns=fe80::1%eth0"]],
  [["--dns-search=1.2"]],
  [["--dns-search=a..b"]],
])("%p: no network can be like that", (words) => {
  messageOf(...words);
});

test("names and addresses", () => {
  expect(
    bodyOf(
      ...["--add-host=a:1.2.3.4", "--add-host=b:::1", "--add-host=c=[::2]", "--add-host=d:host-gateway"],
      ...[
        "--dns=::FFFF:1.2.3.4",
        "--dns=2001:DB8:0::1",
        "--dns-search=a.b.",
        "--dns-search=.",
        "--dns-opt=x:1",
      ],
    ).HostConfig,
  ).toEqual({
    ExtraHosts: ["a:1.2.3.4", "b:::1", "c:::2", "d:host-gateway"],
    Dns: ["1.2.3.4", "2001:db8::1"],
    DnsSearch: ["a.b", "."],
    DnsOptions: ["x:1"],
  });
});

test.each<[string, Record<string, { HostIp: string; HostPort: string }[]>]>([
  ["80", { "80/tcp": [{ HostIp: "", HostPort: "" }] }],
  ["8080:80", { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }],
  ["0:80", { "80/tcp": [{ HostIp: "", HostPort: "0" }] }],
  [":80", { "80/tcp": [{ HostIp: "", HostPort: "" }] }],
  ["127.0.0.1::53/UDP", { "53/udp": [{ HostIp: "127.0.0.1", HostPort: "" }] }],
  ["[::1]:80:80", { "80/tcp": [{ HostIp: "::1", HostPort: "80" }] }],
  ["::1:80:80", { "80/tcp": [{ HostIp: "::1", HostPort: "80" }] }],
  ["8000-8010:80", { "80/tcp": [{ HostIp: "", HostPort: "8000-8010" }] }],
  ["90-91:80-81", { "80/tcp": [{ HostIp: "", HostPort: "90" }], "81/tcp": [{ HostIp: "", HostPort: "91" }] }],
  ["published=90,target=80,protocol=sctp", { "80/sctp": [{ HostIp: "", HostPort: "90" }] }],
  ["target=80", { "80/tcp": [{ HostIp: "", HostPort: "" }] }],
])("--publish %s", (text, PortBindings) => {
  const ExposedPorts = Object.fromEntries(Object.keys(PortBindings).map((port) => [port, {}]));
  expect(bodyOf("-p", text)).toEqual({ ExposedPorts, HostConfig: { PortBindings } });
});

test("one port may be published more than once, and be exposed besides", () => {
  expect(bodyOf("-p90:80", "-p91:80", "--expose=80", "--expose=81-82/udp", "-P")).toEqual({
    ExposedPorts: { "80/tcp": {}, "81/udp": {}, "82/udp": {} },
    HostConfig: {
      PortBindings: { "80/tcp": [90, 91].map((port) => ({ HostIp: "", HostPort: String(port) })) },
      PublishAllPorts: true,
    },
  });
});

test.each([
  "",
  "x",
  "65536",
  "80-79",
  "90-92:80-81",
  "localhost:80:80",
  "80/foo",
  "80/",
  "published=90",
  "target=80,colour=red",
  "target=",
])("--publish %p is refused", (text) => {
  expect(messageOf("-p", text)).toStartWith("-p: ");
});

test.each(["", "80:81", "80/foo", "x"])("--expose %p is refused", (text) => {
  expect(messageOf("--expose", text)).toStartWith("--expose: ");
});
