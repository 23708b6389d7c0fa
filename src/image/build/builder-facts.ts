import type { Engine } from "#engine/connection/engine.ts";
import { readVersion } from "#engine/system.ts";
import { sha256 } from "#host/files/sha256.ts";
import { readPackageManager } from "#host/process/package-manager.ts";
import { inspectIfThere } from "#image/store/store.ts";
import { ociArchitecture } from "#linux/architecture.ts";
import type { ImageBuilderFacts } from "#plan/doctor/doctor-facts.ts";
import { keyrings } from "#plan/image/build-plan.ts";
import type { BuilderChoice } from "#plan/image/builder.ts";
import { builderPlace, isBuilder } from "#plan/image/builder-image.ts";
import { callersCache } from "./callers-cache.ts";
import { isMadeBuilder } from "./made-builders.ts";
import { chooseBuilder } from "./plan-root.ts";

/** What would build Debian's images for an engine; without one, what would for this host's. */
export async function readBuilderFacts(
  engine: Engine | undefined,
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<ImageBuilderFacts> {
  const architecture =
    engine === undefined ? ociArchitecture(process.arch) : (await readVersion(engine, { signal })).Arch;
  const choice = await chooseBuilder(keyrings.debian, architecture, env);
  const has = engine === undefined ? undefined : await findIn(engine, choice, callersCache(env), signal);
  return { choice, has, packageManager: readPackageManager() };
}

async function findIn(
  engine: Engine,
  choice: BuilderChoice,
  cache: string,
  signal: AbortSignal | undefined,
): Promise<ImageBuilderFacts["has"]> {
  if (choice.where === "host") return undefined;
  const names = [builderPlace(choice.base, sha256).reference, choice.base];
  const [made, base] = await Promise.all(names.map((name) => inspectIfThere(engine, name, signal)));
  if (made !== undefined && isBuilder(made, choice.base, base) && (await isMadeBuilder(cache, made.Id)))
    return "builder";
  return base === undefined ? "nothing" : "base";
}
