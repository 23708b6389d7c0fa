import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { defaultSocket, type Endpoint, parseEndpoint, type TlsFiles } from "#api/address.ts";
import { BerthError } from "#errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ResolveOptions {
  /** The `--host` option. */
  readonly host?: string;
  /** The `--context` option. */
  readonly context?: string;
}

/**
 * Finds the engine as the docker program does: `--host`, `--context`, DOCKER_HOST, DOCKER_CONTEXT, the
 * current context of $DOCKER_CONFIG/config.json (~/.docker), unix:///var/run/docker.sock. The context
 * "default" stands for DOCKER_HOST or that socket. For tcp, DOCKER_TLS_VERIFY (not empty) or DOCKER_TLS asks
 * for TLS with the files in DOCKER_CERT_PATH; a context has its own. Throws `usage` for a value that cannot
 * be, `not-found` for a context that does not exist, `file-invalid` for a broken file of Docker's.
 */
export function resolveEndpoint(env: Environment, options: ResolveOptions = {}): Endpoint {
  if (options.host !== undefined && options.context !== undefined) {
    throw new BerthError("usage", "--host and --context cannot be combined", { hint: "Use one of them." });
  }
  if (options.host !== undefined) return parseEndpoint(options.host, "--host", environmentTls(env));
  if (options.context !== undefined) return contextEndpoint(env, options.context, "--context");
  if (env.DOCKER_HOST) return defaultEndpoint(env);
  if (env.DOCKER_CONTEXT) return contextEndpoint(env, env.DOCKER_CONTEXT, "DOCKER_CONTEXT");
  const current = currentContext(env);
  return current
    ? contextEndpoint(env, current, join(configFolder(env), "config.json"))
    : defaultEndpoint(env);
}

function defaultEndpoint(env: Environment): Endpoint {
  if (env.DOCKER_HOST) return parseEndpoint(env.DOCKER_HOST, "DOCKER_HOST", environmentTls(env));
  return { kind: "unix", path: defaultSocket, source: "default" };
}

const configFolder = (env: Environment): string =>
  env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");

/** docker(1): any value of DOCKER_TLS_VERIFY but the empty one means yes, even "0". */
function environmentTls(env: Environment): TlsFiles | undefined {
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !env.DOCKER_TLS) return undefined;
  const folder = env.DOCKER_CERT_PATH || configFolder(env);
  const tls = { ...tlsFilesIn(folder), verify };
  if (env.DOCKER_CERT_PATH && !tls.ca && !tls.cert) {
    throw new BerthError("usage", `DOCKER_CERT_PATH: missing ca.pem and cert.pem in ${folder}`, {
      hint: "Put ca.pem, cert.pem and key.pem there, or unset DOCKER_CERT_PATH.",
    });
  }
  return tls;
}

function tlsFilesIn(folder: string): Omit<TlsFiles, "verify"> {
  const found = (name: string): string | undefined => {
    const file = join(folder, name);
    return existsSync(file) ? file : undefined;
  };
  const [ca, cert, key] = [found("ca.pem"), found("cert.pem"), found("key.pem")];
  if ((cert === undefined) !== (key === undefined)) {
    throw new BerthError(
      "usage",
      `${folder}: missing ${cert === undefined ? "cert.pem" : "key.pem"} (cert.pem and key.pem go together)`,
    );
  }
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function currentContext(env: Environment): string | undefined {
  const file = join(configFolder(env), "config.json");
  const config = readJson(file);
  if (config === undefined) return undefined;
  const name = field(config, "currentContext");
  if (name !== undefined && typeof name !== "string")
    throw new BerthError("file-invalid", `${file}: currentContext must be a string`);
  return name;
}

/**
 * The store of contexts: docker/cli, cli/context/store. The directory's name is the SHA-256 of the context's
 * name.
 */
function contextEndpoint(env: Environment, name: string, source: string): Endpoint {
  if (name === "default") return defaultEndpoint(env);
  const store = join(configFolder(env), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const file = join(store, "meta", id, "meta.json");
  const meta = readJson(file);
  if (meta === undefined) {
    throw new BerthError("not-found", `${source}: unknown docker context ${JSON.stringify(name)}`, {
      hint: "List them with `docker context ls`.",
      details: { file },
    });
  }
  const docker = field(field(meta, "Endpoints"), "docker");
  const host = field(docker, "Host");
  if (typeof host !== "string" || host === "")
    throw new BerthError("file-invalid", `${file}: missing docker host of the context ${name}`);
  const folder = join(store, "tls", id, "docker");
  const verify = field(docker, "SkipTLSVerify") !== true;
  const tls = existsSync(folder) || !verify ? { ...tlsFilesIn(folder), verify } : undefined;
  return parseEndpoint(host, `context ${name}`, tls);
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The file's JSON; undefined if the file does not exist. */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new BerthError("file-invalid", `cannot read ${file}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BerthError("file-invalid", `${file}: invalid JSON`, {
      cause,
      hint: "Correct it, or set the engine with --host.",
    });
  }
}
