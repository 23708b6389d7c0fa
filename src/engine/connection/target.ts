import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:http";
import { Agent as TlsAgent } from "node:https";
import type { Endpoint, TlsFiles } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import type { Spawn } from "./spawn.ts";
import { sshAgent } from "./ssh.ts";

/** Where a request goes: by TLS or not, and what `node:http` needs to get there. */
export interface Target {
  readonly secure: boolean;
  readonly options: RequestOptions;
}

/** How this endpoint is reached. Throws `file-missing` for a file of TLS that cannot be read. */
export function targetOf(endpoint: Endpoint, spawn: Spawn): Target {
  switch (endpoint.kind) {
    case "unix":
      return { secure: false, options: { socketPath: endpoint.path } };
    case "ssh":
      // The name is only for the Host header; the agent makes the connection.
      return { secure: false, options: { host: "docker.invalid", agent: sshAgent(endpoint, spawn) } };
    case "tcp": {
      const { host, port, tls } = endpoint;
      return tls
        ? { secure: true, options: { host, port, agent: tlsAgent(tls) } }
        : { secure: false, options: { host, port } };
    }
  }
}

function tlsAgent(files: TlsFiles): TlsAgent {
  return new TlsAgent({
    ...(files.ca && { ca: readPem(files.ca) }),
    ...(files.cert && { cert: readPem(files.cert) }),
    ...(files.key && { key: readPem(files.key) }),
    rejectUnauthorized: files.verify,
  });
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BerthError("file-missing", `cannot read ${file}`, {
      cause,
      hint: "The engine's address needs TLS with this file.",
    });
  }
}
