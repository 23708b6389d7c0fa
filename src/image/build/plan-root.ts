import { access } from "node:fs/promises";
import type { Engine } from "#engine/connection/engine.ts";
import { readVersion } from "#engine/system.ts";
import { hasProgram } from "#host/facts/doctor-facts.ts";
import { sha256 } from "#host/files/sha256.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { ociArchitecture } from "#linux/architecture.ts";
import type { ScratchImage } from "#machinefile/machine.ts";
import { type BuildPlan, debianArchitecture, planBuild } from "#plan/image/build-plan.ts";
import { type BuilderChoice, planBuilder } from "#plan/image/builder.ts";
import { builderArchive, planSources } from "#plan/image/mirror.ts";
import type { Builder } from "./build-root.ts";
import type { BuilderImageOptions } from "./builder-image.ts";
import { containerBuilder } from "./container-builder.ts";
import { hostBuilder } from "./host-builder.ts";
import { readHostMirror } from "./host-mirror.ts";

/** How the root of a recipe is to be built. */
export interface PlannedRoot {
  readonly plan: BuildPlan;
  readonly builder: BuilderChoice;
  /** A Debian archive to install mmdebstrap from in a container; undefined for that image's own. */
  readonly archive: string | undefined;
}

export interface PlanRootOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As `ResolveOptions` has it. */
  readonly mirror?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Plans the build of a recipe's root for the engine, by what this host and the environment have. */
export async function planRoot(
  engine: Engine,
  name: string,
  spec: ScratchImage,
  { env, mirror, signal }: PlanRootOptions,
): Promise<PlannedRoot> {
  const architecture = debianArchitecture((await readVersion(engine, { signal })).Arch);
  const given = mirror ?? (env.BERTH_MIRROR || undefined) ?? spec.mirror;
  // Another processor's packages may be in another archive (Ubuntu's ports).
  const near = architecture === ociArchitecture(process.arch) ? await readHostMirror(spec.os) : undefined;
  const plan = planBuild(name, spec, planSources(spec, given ?? near), architecture, sha256);
  const builder = await chooseBuilder(plan.keyring, architecture, env);
  return { plan, builder, archive: builderArchive(spec.os, given) };
}

/** What is to build a root whose archive has these keys, for an engine of that architecture. */
export async function chooseBuilder(
  keyring: string,
  engineArchitecture: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<BuilderChoice> {
  return planBuilder({
    mmdebstrap: await hasProgram("mmdebstrap", env.PATH),
    keyring: { path: keyring, present: await isThere(keyring) },
    architecture: { here: ociArchitecture(process.arch), engine: engineArchitecture },
    named: env.BERTH_BUILDER_IMAGE || undefined,
  });
}

/** What builds it. */
export function rootBuilder(
  engine: Engine,
  { plan, builder, archive }: PlannedRoot,
  options: Omit<BuilderImageOptions, "archive">,
): Builder {
  return builder.where === "host"
    ? hostBuilder(plan, options)
    : containerBuilder(engine, plan, builder, { ...options, archive });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "EACCES"])) return false;
    throw error;
  }
}
