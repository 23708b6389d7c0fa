import { z } from "zod";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import {
  configShape,
  deployFlatShape,
  deployShape,
  reservationShape,
  resourcesShape,
  restartShape,
  rollbackShape,
  secretShape,
  serviceLimitShape,
  updateShape,
} from "#machinefile/schema/deploy-schema.ts";
import { expected } from "#machinefile/schema/schema-key.ts";
import {
  type DeploySpec,
  deployDefaults,
  type MountedFile,
  type ServiceResources,
  type ServiceUpdate,
} from "./deploy.ts";
import { type Fields, readFields, readMap } from "./read-fields.ts";

/** Keys whose own content is read key by key too, so that every fault in it is found. */
const { restart, update, rollback, resources, secrets, configs } = open(deployShape);
const readShape = { ...deployFlatShape, restart, update, rollback, resources, secrets, configs };
const resourceSections = open(resourcesShape);

/**
 * Reads a machine's `deploy` section; what is not written has its default. `stopTimeout` is the machine's
 * own, seconds. Parts with problems are as if not written.
 */
export function readDeploy(
  raw: unknown,
  stopTimeout: number | undefined,
  path: Path,
  problems: Problem[],
): DeploySpec {
  const written = readFields("deploy", readShape, raw, path, problems);
  const section = <S extends z.ZodRawShape>(name: keyof typeof written, shape: S): Fields<S> =>
    readFields("deploy", shape, written[name], [...path, name], problems);
  const starting = section("restart", restartShape);
  const amounts = section("resources", resourceSections);
  const part = <S extends z.ZodRawShape>(name: "limits" | "reservations", shape: S): Fields<S> =>
    readFields("deploy", shape, amounts[name], [...path, "resources", name], problems);
  const { node, image, log_driver: logDriver, log_options: logOptions } = written;
  if (logOptions !== undefined && logDriver === undefined && !isWritten(raw, "log_driver")) {
    problems.push(problem([...path, "log_options"], "log_options needs log_driver as well"));
  }
  return {
    ...omitUndefined({ node, image, logDriver }),
    constraints: written.constraints ?? [],
    networks: [...new Set(written.networks ?? [])],
    endpointMode: written.endpoint_mode ?? deployDefaults.endpointMode,
    replicas: written.replicas ?? 1,
    restart: {
      condition: starting.condition ?? deployDefaults.restart.condition,
      delay: starting.delay ?? deployDefaults.restart.delay,
      maxAttempts: starting.max_attempts ?? deployDefaults.restart.maxAttempts,
      window: starting.window ?? deployDefaults.restart.window,
    },
    update: updateOf(section("update", updateShape)),
    rollback: updateOf(section("rollback", rollbackShape)),
    limits: omitUndefined(part("limits", serviceLimitShape)) as ServiceResources,
    reservations: omitUndefined(part("reservations", reservationShape)) as ServiceResources,
    secrets: readFiles(written.secrets, secretShape, "", [...path, "secrets"], problems),
    configs: readFiles(written.configs, configShape, "/", [...path, "configs"], problems),
    stopGracePeriod:
      written.stop_grace_period ?? (stopTimeout ?? deployDefaults.stopTimeout) + deployDefaults.loaderTime,
    logOptions: logOptions ?? {},
  };
}

function updateOf(fields: Fields<typeof updateShape> | Fields<typeof rollbackShape>): ServiceUpdate {
  return {
    delay: fields.delay ?? deployDefaults.update.delay,
    failureAction: fields.failure_action ?? deployDefaults.update.failureAction,
    monitor: fields.monitor ?? deployDefaults.update.monitor,
  };
}

/** The short form is a name; a target that is not written is the name below `directory`. */
function readFiles(
  raw: unknown,
  shape: typeof secretShape,
  directory: string,
  path: Path,
  problems: Problem[],
): readonly MountedFile[] {
  if (raw === undefined) return [];
  if (!Array.isArray(raw)) {
    problems.push(problem(path, expected("a list of names, or of maps with source")({ input: raw })));
    return [];
  }
  const targets = new Set<string>();
  return raw.flatMap((item: unknown, index): MountedFile[] => {
    const at = [...path, index];
    const isName = typeof item === "string";
    if (!isName && (typeof item !== "object" || item === null)) {
      problems.push(problem(at, expected("a name, or a map with source")({ input: item })));
      return [];
    }
    const before = problems.length;
    const fields = readFields("deploy", shape, isName ? { source: item } : item, at, problems);
    if (problems.length > before) {
      // A name alone is not under a key.
      if (isName) problems.push(...problems.splice(before).map((fault) => ({ ...fault, path: at })));
      return [];
    }
    const {
      source,
      target = `${directory}${source}`,
      uid = "0",
      gid = "0",
      mode = deployDefaults.fileMode,
    } = fields;
    if (source === undefined) {
      problems.push(problem(at, "source is missing"));
      return [];
    }
    if (targets.has(target)) problems.push(problem(at, `${target} is already another's file`));
    targets.add(target);
    return [{ source, target, uid, gid, mode }];
  });
}

/** The same keys, whatever they hold. */
function open<S extends object>(shape: S): { readonly [K in keyof S]: z.ZodUnknown } {
  return Object.fromEntries(Object.keys(shape).map((key) => [key, z.unknown()])) as ReturnType<
    typeof open<S>
  >;
}

function isWritten(raw: unknown, key: string): boolean {
  return Object.hasOwn(readMap(raw, [], []) ?? {}, key);
}
