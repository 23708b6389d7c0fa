import { hostObstacles, mustTryLayers, renderObstacle } from "#contract/obstacle.ts";
import { capabilities as known } from "#linux/capability.ts";
import { firstWithWritableCgroups } from "#plan/machine/api-contract.ts";
import { hiddenFiles } from "#plan/machine/degradations.ts";
import { fail, ok, warn } from "./check.ts";
import { checkNetworks } from "./check-networks.ts";
import type { Check, DoctorFacts, EngineFacts, HostFacts, Leftovers } from "./doctor-facts.ts";
import { checkHost } from "./doctor-host.ts";
import { checkPrivileges } from "./doctor-privileges.ts";
import { checkEngineKind } from "./engine-kind.ts";
import { checkImageBuilder } from "./image-builder.ts";

/** Judges the facts: `fail` if no machine can run, `warn` for degradations and low limits. */
export function planDoctor({ engine, host, imageBuilder, leftovers }: DoctorFacts): readonly Check[] {
  const checks =
    "unreachable" in engine
      ? [
          fail(
            "engine",
            "Docker engine",
            engine.unreachable,
            engine.hint ?? "start Docker, or choose an engine with --host",
          ),
        ]
      : checkEngine(engine, host);
  return [
    ...checks,
    ...(host === undefined ? [unseen] : checkHost(host, "unreachable" in engine ? undefined : engine)),
    checkImageBuilder(imageBuilder),
    checkLeftovers(leftovers),
  ];
}

const unseen = ok(
  "host",
  "Engine's host",
  "not visible from here; run `berth doctor` there to check its limits",
);

function checkEngine(engine: EngineFacts, host: HostFacts | undefined): readonly Check[] {
  return [
    ok("engine", "Docker engine", `${engine.version}, API ${engine.apiVersion}, at ${engine.address}`),
    checkEngineKind(engine),
    checkRuntime(engine),
    checkLimits(engine),
    checkSeccomp(engine),
    ...checkPrivileges(engine),
    checkIsolation(engine, host),
    ...checkForwarding(engine),
    ...(host === undefined ? [] : checkNetworks(engine.networks, host.network)),
  ];
}

function checkRuntime({
  runtime,
  runtimeIsDefault,
  runtimeMissing,
  version,
  cgroupVersion,
}: EngineFacts): Check {
  const title = "berth-runtime";
  const install = "run `berth install runtime` on the engine's host";
  if (runtimeMissing !== undefined) {
    return fail(
      "runtime",
      title,
      `registered as ${runtime}, but ${runtimeMissing} is missing: its containers do not start`,
      install,
    );
  }
  if (runtime !== undefined) {
    return ok(
      "runtime",
      title,
      runtimeIsDefault
        ? "default runtime: plain `docker run` boots machines"
        : `registered as ${runtime}; \`docker run\` needs --runtime ${runtime}`,
    );
  }
  if (cgroupVersion === "2" && Number.parseInt(version, 10) < firstWithWritableCgroups) {
    const detail =
      `not registered: an engine before Docker ${firstWithWritableCgroups} ` +
      "cannot give a machine its own cgroups without it";
    return fail("runtime", title, detail, install);
  }
  const cost = [
    hiddenFiles,
    "units and generators unsuitable for containers run at boot",
    ...(cgroupVersion === "2" ? [] : ["machines see the names of the host's cgroups"]),
    "plain `docker run` does not boot machines",
  ];
  return warn("runtime", title, `not registered, so machines are degraded: ${cost.join("; ")}`, install);
}

function checkLimits({ limits, cgroupVersion }: EngineFacts): Check {
  const missing = (["memory", "swap", "pids"] as const).filter((key) => !limits[key]);
  const title = "Limits";
  if (missing.length === 0) return ok("limits", title, "the host can limit memory, swap and processes");
  const how =
    cgroupVersion === "2"
      ? "enable the controllers in the root of the host's cgroup2 (cgroup.subtree_control)"
      : "boot the host with cgroup_enable=memory swapaccount=1";
  // Without swap accounting a memory limit still holds.
  const detail =
    missing.length === 1 && missing[0] === "swap"
      ? "the host cannot limit swap: a machine may use any amount"
      : `the host cannot limit: ${missing.join(", ")}`;
  return warn("limits", title, detail, how);
}

function checkSeccomp({ securityOptions }: EngineFacts): Check {
  const option = securityOptions.find((one) => one.startsWith("name=seccomp"));
  const title = "Seccomp";
  if (option === undefined) {
    return warn(
      "seccomp",
      title,
      "off: nothing filters the system calls of machines",
      "use a kernel with CONFIG_SECCOMP_FILTER, and an engine built with seccomp",
    );
  }
  const profile = /profile=([^,]+)/.exec(option)?.[1] ?? "default";
  if (profile === "unconfined") {
    return warn(
      "seccomp",
      title,
      "the engine's profile is unconfined: nothing filters the system calls of machines",
      "remove seccomp-profile from the engine's daemon.json",
    );
  }
  return ok("seccomp", title, `the engine's profile ${profile}`);
}

/** Whether machines can be `full`; for an invisible host as far as the engine reports. */
function checkIsolation(
  { kernel, storageDriver, securityOptions, runtime }: EngineFacts,
  host: HostFacts | undefined,
): Check {
  const title = "User namespaces";
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const lacking = host?.lackingCapabilities ?? [];
  const capabilities = new Set<string>(known.filter((name) => !lacking.includes(name)));
  const obstacles = [
    ...(runtime === undefined ? ["berth-runtime is not registered"] : []),
    ...hostObstacles({
      kernel: [major, minor],
      userNamespaces: host?.userNamespaces ?? "free",
      capabilities,
      mapsLayers: host?.mapsLayers,
      procCover: host?.procCover,
    }).map(renderObstacle),
    ...(storageDriver.startsWith("overlay")
      ? []
      : [`unsupported storage driver ${storageDriver} (example: overlay2)`]),
    ...(securityOptions.some((option) => /^name=(userns|rootless)$/.test(option))
      ? [renderObstacle({ code: "engine-maps-ids" })]
      : []),
  ];
  if (obstacles.length === 0 && mustTryLayers([major, minor])) {
    const untried =
      `kernel ${kernel} may not map the ids of image layers: the first machine's start shows it, ` +
      'and without that machines use profile "strict"';
    return warn("isolation", title, untried, "see docs/profiles.md for what full needs");
  }
  if (obstacles.length === 0)
    return ok("isolation", title, `kernel ${kernel}; each machine gets one of its own (profile full)`);
  const detail =
    'machines use profile "strict", in which root is the host\'s root without most capabilities: ' +
    obstacles.join("; ");
  return warn("isolation", title, detail, "see docs/profiles.md for what full needs");
}

function checkForwarding({ forwarding }: EngineFacts): readonly Check[] {
  if (forwarding === undefined) return [];
  if (forwarding) return [ok("forwarding", "IP forwarding", "on")];
  return [
    warn(
      "forwarding",
      "IP forwarding",
      "off: machines reach nothing beyond the host, and published ports may not work",
      "sysctl -w net.ipv4.ip_forward=1",
    ),
  ];
}

function checkLeftovers({ states, probes, builders }: Leftovers): Check {
  const title = "Leftovers of crashes";
  const found = [
    ...(states.length > 0
      ? [`${count(states.length, "state directory", "state directories")} of removed machines`]
      : []),
    ...(probes.length > 0
      ? [`${count(probes.length, "container", "containers")} for inspecting an image`]
      : []),
    ...(builders.length > 0 ? [`${count(builders.length, "container", "containers")} of ended builds`] : []),
  ];
  if (found.length === 0) return ok("remains", title, "none");
  return warn("remains", title, found.join(", "), "berth doctor --fix");
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
