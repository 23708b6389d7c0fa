import { type Endpoint, renderEndpoint } from "#api/address.ts";
import { BerthError } from "#errors.ts";

/** errno names that mean no connection came about (connect(2), getaddrinfo(3)). */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "EACCES",
  "EPERM",
  "ENOTSOCK",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ETIMEDOUT",
  "EPROTO",
  "EPROTOTYPE",
  "HOSTNAME_MISMATCH",
]);

const tlsTrouble =
  /^(ERR_TLS|ERR_SSL|ERR_BORINGSSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO|HOSTNAME_MISMATCH)/;

/**
 * Turns what a connection threw into a BerthError: `interrupted`, `engine-unreachable` or `engine-lost`. Its
 * own errors pass through.
 */
export function explainFailure(cause: unknown, endpoint: Endpoint, signal?: AbortSignal): BerthError {
  if (signal?.aborted) return interruption(signal);
  if (cause instanceof BerthError) return cause;
  const code = errorCode(cause);
  if (neverConnected.has(code) || tlsTrouble.test(code)) return unreachable(cause, endpoint);
  return new BerthError(
    "engine-lost",
    `the connection to the engine at ${renderEndpoint(endpoint)} broke: ${text(cause)}`,
    {
      cause,
      hint: "Check that the engine still runs, then run the command again.",
      details: { endpoint: renderEndpoint(endpoint), errno: code },
    },
  );
}

/** No engine at that endpoint, with a hint that names what was tried and what to do about it. */
export function unreachable(cause: unknown, endpoint: Endpoint): BerthError {
  if (cause instanceof BerthError && cause.code !== "engine-lost") return cause;
  const origin = cause instanceof BerthError ? (cause.cause ?? cause) : cause;
  const code = errorCode(origin);
  const address = renderEndpoint(endpoint);
  const denied = endpoint.kind === "unix" && (code === "EACCES" || code === "EPERM");
  const message = denied
    ? `permission denied on the engine's socket ${endpoint.path}`
    : `no engine answers at ${address}: ${text(origin)}`;
  return new BerthError("engine-unreachable", message, {
    cause: origin,
    hint: hintFor(endpoint, code, denied),
    details: { endpoint: address, source: endpoint.source, errno: code },
  });
}

function hintFor(endpoint: Endpoint, code: string, denied: boolean): string {
  const tried = `Tried ${renderEndpoint(endpoint)} (${endpoint.source}).`;
  if (denied)
    return (
      `${tried} Join the group that owns the socket ` +
      "(`sudo usermod -aG docker $USER`, then log in again), or run as root."
    );
  if (endpoint.kind === "tcp" && endpoint.tls) {
    return `${tried} Check that the engine listens there with TLS and accepts ca.pem, cert.pem and key.pem.`;
  }
  if (endpoint.kind === "tcp" && tlsTrouble.test(code)) return `${tried} Check the address.`;
  if (endpoint.kind === "tcp")
    return (
      `${tried} Check that the engine listens there; ` +
      "with TLS, set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH."
    );
  return (
    `${tried} Start it (\`sudo systemctl start docker\`), ` +
    "or choose another with --host, --context or DOCKER_HOST."
  );
}

function interruption(signal: AbortSignal): BerthError {
  const reason: unknown = signal.reason;
  if (reason instanceof BerthError) return reason;
  return new BerthError("interrupted", "the request was interrupted", { cause: reason });
}

function errorCode(cause: unknown): string {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : "";
}

const text = (cause: unknown): string =>
  cause instanceof Error ? cause.message || errorCode(cause) : String(cause);
