import { BerthError } from "#errors.ts";

/**
 * Files of a TLS client, and whether the server's certificate is checked. Only paths: no secret travels in an
 * endpoint.
 */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: boolean;
}

/**
 * The address of an engine, and `source`: where it was set (an option, a variable, a context), for messages.
 */
export type Endpoint = UnixEndpoint | TcpEndpoint | SshEndpoint;

export interface UnixEndpoint {
  readonly kind: "unix";
  readonly path: string;
  readonly source: string;
}

export interface TcpEndpoint {
  readonly kind: "tcp";
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles;
  readonly source: string;
}

export interface SshEndpoint {
  readonly kind: "ssh";
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** The engine's socket on that host; the remote docker program's own default without it. */
  readonly socket?: string;
  readonly source: string;
}

/** Docker's ports for the Engine API, without and with TLS (dockerd(8)). */
const plainPort = 2375;
const tlsPort = 2376;

const hostName = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const ipv6 = /^\[([0-9A-Fa-f:.]+)\]$/;

/**
 * Parses an engine address as in DOCKER_HOST: unix://PATH, tcp://HOST[:PORT], HOST:PORT, http://, https://,
 * ssh://[USER@]HOST[:PORT][/SOCKET]. `tls` is the environment's TLS setting, for tcp only. Throws `usage`
 * with the reason.
 */
export function parseEndpoint(text: string, source: string, tls?: TlsFiles): Endpoint {
  const wrong = (what: string): BerthError =>
    new BerthError("usage", `${source}: invalid engine address ${JSON.stringify(text)}: ${what}`, {
      hint: "Use unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host.",
    });
  const full = text.includes("://") ? text : `tcp://${text}`;
  const scheme = full.slice(0, full.indexOf("://"));
  const rest = full.slice(scheme.length + 3);
  switch (scheme) {
    case "unix":
      if (rest !== "" && !rest.startsWith("/"))
        throw wrong("the socket's path must be absolute (example: unix:///var/run/docker.sock)");
      if (rest.includes("\0")) throw wrong("the socket's path contains NUL");
      return { kind: "unix", path: rest || defaultSocket, source };
    case "tcp":
    case "http":
    case "https":
      return parseTcp(rest, scheme, source, tls, wrong);
    case "ssh":
      return parseSsh(rest, source, wrong);
    case "npipe":
    case "fd":
      throw wrong(`unsupported scheme ${scheme}:// (on Linux: unix, tcp, ssh)`);
    default:
      throw wrong(`unknown scheme ${JSON.stringify(scheme)} (one of: unix, tcp, http, https, ssh)`);
  }
}

export const defaultSocket = "/var/run/docker.sock";

/** The address as DOCKER_HOST would have it. */
export function renderEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "unix":
      return `unix://${endpoint.path}`;
    case "tcp":
      return `tcp://${bracket(endpoint.host)}:${endpoint.port}`;
    case "ssh": {
      const user = endpoint.user === undefined ? "" : `${endpoint.user}@`;
      const port = endpoint.port === undefined ? "" : `:${endpoint.port}`;
      return `ssh://${user}${bracket(endpoint.host)}${port}${endpoint.socket ?? ""}`;
    }
  }
}

const bracket = (host: string): string => (host.includes(":") ? `[${host}]` : host);

type Wrong = (what: string) => BerthError;

function parseTcp(
  rest: string,
  scheme: string,
  source: string,
  tls: TlsFiles | undefined,
  wrong: Wrong,
): TcpEndpoint {
  const { authority, path } = splitPath(rest);
  if (path !== "" && path !== "/") throw wrong("unexpected path after the port (example: tcp://host:2376)");
  if (authority.includes("@")) throw wrong("tcp takes no user (use TLS certificates, or ssh://user@host)");
  const { host, port } = parseHostPort(authority, wrong);
  const secure = scheme === "http" ? undefined : (tls ?? (scheme === "https" ? { verify: true } : undefined));
  return {
    kind: "tcp",
    host,
    port: port ?? (secure ? tlsPort : plainPort),
    ...(secure && { tls: secure }),
    source,
  };
}

function parseSsh(rest: string, source: string, wrong: Wrong): SshEndpoint {
  const { authority, path } = splitPath(rest);
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? undefined : authority.slice(0, at);
  if (user?.includes(":")) throw wrong("remove the password and use an ssh key");
  if (user !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.@\\+-]*\$?$/.test(user))
    throw wrong(`invalid user ${JSON.stringify(user)} (example: admin)`);
  const { host, port } = parseHostPort(authority.slice(at + 1), wrong);
  // The remote side passes its command line to the login shell: allow only characters that no shell
  // interprets.
  if (!/^[A-Za-z0-9._/-]*$/.test(path))
    throw wrong("the socket's path may contain only letters, digits and ._/-");
  return {
    kind: "ssh",
    host,
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port }),
    ...(path !== "" && path !== "/" && { socket: path }),
    source,
  };
}

function splitPath(rest: string): { authority: string; path: string } {
  const slash = rest.indexOf("/");
  return slash < 0
    ? { authority: rest, path: "" }
    : { authority: rest.slice(0, slash), path: rest.slice(slash) };
}

function parseHostPort(authority: string, wrong: Wrong): { host: string; port?: number } {
  const parts = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(authority);
  if (!parts) throw wrong("an IPv6 address needs brackets (example: [::1]:2376)");
  const [, name = "", digits] = parts;
  if (name === "") throw wrong("missing host (example: tcp://host:2376)");
  if (name.startsWith("-")) throw wrong("the host must not begin with '-'");
  const host = ipv6.exec(name)?.[1] ?? name;
  if (host === name && !hostName.test(name))
    throw wrong(`invalid host name ${JSON.stringify(name)} (example: server1.example.com)`);
  if (digits === undefined) return { host };
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port < 1 || port > 65535)
    throw wrong(`invalid port ${JSON.stringify(digits)} (1 to 65535)`);
  return { host, port };
}
