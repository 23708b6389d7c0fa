import { renderEndpoint } from "#api/address.ts";
import type { SystemInfo } from "#api/system.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { request } from "#engine/connection/request.ts";
import { listNetworks } from "#engine/networks.ts";
import type { BerthError } from "#errors.ts";
import { readHostFacts } from "#host/facts/doctor-facts.ts";
import { readEngineProgram } from "#host/facts/engine-program.ts";
import { isMissingInRootOf } from "#host/files/beneath.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { readBuilderFacts } from "#image/build/builder-facts.ts";
import { findLeftovers } from "#ops/machine/leftovers.ts";
import type { DoctorFacts, EngineFacts } from "#plan/doctor/doctor-facts.ts";
import { enginePackaging } from "#plan/engine/engine-program.ts";
import { findBerthRuntime } from "#plan/machine/berth-runtime.ts";
import { networkFacts } from "#plan/network/network.ts";

/** Up to Docker 29, GET /info also reports forwarding. */
type Info = SystemInfo & { readonly IPv4Forwarding?: boolean };

/**
 * Reads what `planDoctor` judges: of the engine, of its host where that is this one, and of what crashes
 * left.
 */
export async function readDoctorFacts(
  engine: Engine,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<DoctorFacts> {
  const [info, networks, pid, imageBuilder] = await Promise.all([
    request<Info>(engine, { path: "/info", signal }),
    listNetworks(engine, { signal }),
    engine.endpoint.kind === "unix" ? findEngineProcess(engine.endpoint.path) : undefined,
    readBuilderFacts(engine, env, signal),
  ]);
  return {
    engine: { ...(await engineFacts(engine, info, pid)), networks: networks.map(networkFacts) },
    host: pid === undefined ? undefined : await readHostFacts(pid, info.DockerRootDir),
    imageBuilder,
    leftovers: await findLeftovers(engine, pid, signal),
  };
}

/** The same without an engine: this host's facts alone. */
export async function readFactsWithoutEngine(
  error: BerthError,
  env: Readonly<Record<string, string | undefined>>,
): Promise<DoctorFacts> {
  return {
    engine: { unreachable: error.message, hint: error.hint },
    host: await readHostFacts("self", undefined),
    imageBuilder: await readBuilderFacts(undefined, env),
    leftovers: { states: [], probes: [], builders: [] },
  };
}

async function engineFacts(
  engine: Engine,
  info: Info,
  pid: number | undefined,
): Promise<Omit<EngineFacts, "networks">> {
  const runtime = findBerthRuntime(info);
  const program = runtime === undefined ? undefined : info.Runtimes[runtime]?.path;
  const gone = pid !== undefined && program?.startsWith("/") && (await isMissingInRootOf(pid, program));
  return {
    address: renderEndpoint(engine.endpoint),
    version: info.ServerVersion,
    apiVersion: engine.apiVersion,
    kernel: info.KernelVersion,
    cgroupVersion: info.CgroupVersion,
    storageDriver: info.Driver,
    runtime,
    runtimeIsDefault: runtime === info.DefaultRuntime,
    runtimeMissing: gone === true ? program : undefined,
    limits: { memory: info.MemoryLimit, swap: info.SwapLimit, pids: info.PidsLimit ?? false },
    securityOptions: info.SecurityOptions,
    forwarding: info.IPv4Forwarding,
    liveRestore: info.LiveRestoreEnabled,
    packaging: pid === undefined ? undefined : enginePackaging(await readEngineProgram(pid)),
    operatingSystem: info.OperatingSystem,
  };
}
