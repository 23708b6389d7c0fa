import { expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import { parseEndpoint, renderEndpoint } from "./address.ts";

const source = "DOCKER_HOST";
const tls = { ca: "/c/ca.pem", verify: true };

test.each([
  ["unix:///run/docker.sock", { kind: "unix", path: "/run/docker.sock", source }],
  ["unix://", { kind: "unix", path: "/var/run/docker.sock", source }],
  ["tcp://host", { kind: "tcp", host: "host", port: 2375, source }],
  ["tcp://host:4243/", { kind: "tcp", host: "host", port: 4243, source }],
  ["host:4243", { kind: "tcp", host: "host", port: 4243, source }],
  ["tcp://[::1]:99", { kind: "tcp", host: "::1", port: 99, source }],
  ["http://10.0.0.1", { kind: "tcp", host: "10.0.0.1", port: 2375, source }],
  ["https://host", { kind: "tcp", host: "host", port: 2376, tls: { verify: true }, source }],
  ["ssh://host", { kind: "ssh", host: "host", source }],
  ["ssh://me@host:2222", { kind: "ssh", host: "host", user: "me", port: 2222, source }],
  [
    "ssh://me@[fe80::1]/run/user/7/docker.sock",
    { kind: "ssh", host: "fe80::1", user: "me", socket: "/run/user/7/docker.sock", source },
  ],
])("%s", (text, endpoint) => {
  expect(parseEndpoint(text, source) as unknown).toEqual(endpoint);
});

test.each([
  ["tcp://host", { kind: "tcp", host: "host", port: 2376, tls, source }],
  ["https://host:1", { kind: "tcp", host: "host", port: 1, tls, source }],
  ["http://host", { kind: "tcp", host: "host", port: 2375, source }],
  ["ssh://host", { kind: "ssh", host: "host", source }],
])("%s with TLS around", (text, endpoint) => {
  expect(parseEndpoint(text, source, tls) as unknown).toEqual(endpoint);
});

test.each([
  ["", "missing host"],
  ["unix://run/docker.sock", "absolute"],
  ["tcp://", "missing host"],
  ["tcp://host:0", "invalid port"],
  ["tcp://host:65536", "invalid port"],
  ["tcp://host:12x", "invalid port"],
  ["tcp://::1:22", "brackets"],
  ["tcp://[nope]:22", "invalid host name"],
  ["tcp://host:1/prefix", "unexpected path"],
  ["tcp://me@host", "takes no user"],
  ["ssh://-oProxyCommand=x", "must not begin with '-'"],
  ["ssh://-l@host", "invalid user"],
  ["ssh://me:secret@host", "password"],
  ["ssh://ho$(st)", "invalid host name"],
  ["ssh://host/run/a;b", "letters, digits"],
  ["ssh://host/$(id)", "letters, digits"],
  ["npipe:////./pipe/docker", "unsupported scheme"],
  ["gopher://host", "unknown scheme"],
])("%p is refused", (text, says) => {
  const error = thrown(() => parseEndpoint(text, source));
  expect(error.code).toBe("usage");
  expect(error.message).toContain(source);
  expect(error.message).toContain(says);
});

test.each(["unix:///a/b", "tcp://host:2375", "tcp://[::1]:99", "ssh://host", "ssh://me@host:22/run/x.sock"])(
  "%s comes back",
  (text) => {
    expect(renderEndpoint(parseEndpoint(text, source))).toBe(text);
  },
);

function thrown(action: () => unknown): BerthError {
  try {
    action();
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
