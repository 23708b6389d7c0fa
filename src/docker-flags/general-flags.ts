import type { HealthConfig } from "#api/container-config.ts";
import type { RestartPolicy } from "#api/host-config.ts";
import { parseLabel } from "#machinefile/value/environment.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { usageError } from "#usage.ts";
import { type Draft, host, streams } from "./draft.ts";
import { type Flag, toggle, valued } from "./flag.ts";
import { parseChoice, parseEntry, parseInteger, parseNanoseconds } from "./literal.ts";

const health = (Healthcheck: HealthConfig): Draft => ({ body: { Healthcheck } });

/** Process, name, health check, stop and restart of the container. */
export const generalFlags: readonly Flag[] = [
  valued("name", (name) => ({ name })),
  valued("platform", (platform) => ({ platform })),
  valued("attach", (text) => ({ attach: [parseChoice(text.toLowerCase(), streams)] }), { short: "a" }),
  toggle("interactive", (OpenStdin) => ({ body: { OpenStdin } }), { short: "i" }),
  toggle("tty", (Tty) => ({ body: { Tty } }), { short: "t" }),
  valued("entrypoint", (entrypoint) => ({ entrypoint })),
  valued("env", (text) => ({ body: { Env: [parseAssigned(text)] } }), { short: "e" }),
  valued("label", (text) => ({ body: { Labels: parseLabelFlag(text) } }), { short: "l" }),
  valued("annotation", (text) => host({ Annotations: parseEntry(text) })),
  valued("user", (User) => ({ body: { User } }), { short: "u" }),
  valued("group-add", (group) => host({ GroupAdd: [group] })),
  valued("workdir", (WorkingDir) => ({ body: { WorkingDir } }), { short: "w" }),
  valued("hostname", (Hostname) => ({ body: { Hostname } }), { short: "h" }),
  valued("domainname", (Domainname) => ({ body: { Domainname } })),
  toggle("init", (Init) => host({ Init })),
  valued("runtime", (Runtime) => host({ Runtime })),
  valued("isolation", (Isolation) => host({ Isolation })),
  toggle("rm", (AutoRemove) => host({ AutoRemove })),
  valued("restart", (text) => host({ RestartPolicy: parseRestart(text) })),
  valued("stop-signal", (StopSignal) => ({ body: { StopSignal } })),
  valued("stop-timeout", (text) => ({ body: { StopTimeout: parseInteger(text) } })),
  valued("log-driver", (Type) => host({ LogConfig: { Type } })),
  valued("log-opt", (text) => host({ LogConfig: { Config: parseEntry(text) } })),
  valued("health-cmd", (healthCommand) => ({ healthCommand })),
  valued("health-interval", (text) => health({ Interval: parseNanoseconds(text) })),
  valued("health-timeout", (text) => health({ Timeout: parseNanoseconds(text) })),
  valued("health-start-period", (text) => health({ StartPeriod: parseNanoseconds(text) })),
  valued("health-start-interval", (text) => health({ StartInterval: parseNanoseconds(text) })),
  valued("health-retries", (text) => health({ Retries: parseInteger(text, 0) })),
  toggle("no-healthcheck", (withoutHealth) => ({ withoutHealth })),
];

/** Never put a value into a message: it may be a secret. */
function parseAssigned(text: string): string {
  const equals = text.indexOf("=");
  if (equals === 0) throw usageError('missing name before "=" (example: NAME=VALUE)');
  if (equals < 0)
    throw invalid(
      "variable",
      text,
      `example: ${text}=VALUE; the docker client's environment is not available`,
    );
  return text;
}

function parseLabelFlag(text: string): Readonly<Record<string, string>> {
  const { name, value = "" } = parseLabel(text);
  return { [name]: value };
}

function parseRestart(text: string): RestartPolicy {
  const [, name = "", count] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
  const Name = parseChoice(name, ["", "no", "always", "unless-stopped", "on-failure"] as const);
  const MaximumRetryCount = parseInteger(count || "0", 0);
  if (MaximumRetryCount > 0 && Name !== "on-failure")
    throw invalid(
      "restart policy",
      text,
      "example: on-failure:3; no other policy takes a number of attempts",
    );
  return { Name, MaximumRetryCount };
}
