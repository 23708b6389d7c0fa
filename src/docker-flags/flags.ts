import type { CreateBody } from "#api/create-body.ts";
import { BerthError, hasCode } from "#errors.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { renderFault } from "#machinefile/problem.ts";
import { suggestionOf, usageError } from "#usage.ts";
import { combinedFlags } from "./combined-flags.ts";
import { mergeDeep } from "./deep-merge.ts";
import type { Draft } from "./draft.ts";
import { type Occurrence, parseWords } from "./words.ts";

/** The request of `docker run`'s flags to the Engine API. */
export interface DockerFlags {
  /** For POST /containers/create: only what the flags request, without the client's own defaults. */
  readonly body: CreateBody;
  /** Query parameters of that call. */
  readonly name?: string;
  readonly platform?: string;
}

/**
 * Parses the flags of `docker run` (20.10 to 29) as the docker client does: lists add up, and the last of
 * several single values counts. Refuses flags that only the client can handle, or that need a file or
 * variable of its caller; also unknown flags, invalid values and contradictions. Throws one `usage` error
 * with one line for each problem.
 */
export function parseDockerFlags(words: readonly string[]): DockerFlags {
  const { occurrences, problems: unknown } = parseWords(words);
  const problems = [...unknown];
  const attempt = <T>(as: string | undefined, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!hasCode(error, "usage")) throw error;
      const message = as === undefined ? error.message : `${as}: ${error.message}`;
      problems.push(renderFault({ message, suggestion: suggestionOf(error) }));
      return undefined;
    }
  };
  const draft = occurrences
    .map((one) => attempt(one.as, () => parseOccurrence(one)) ?? {})
    .reduce<Draft>(mergeDeep, {});
  const pieces = combinedFlags.map((settle) => attempt(undefined, () => settle(draft)) ?? {});
  if (problems.length > 0) throw new BerthError("usage", problems.join("\n"), { details: problems });
  const body = tidy([draft.body ?? {}, ...pieces].reduce<CreateBody>(mergeDeep, {}));
  return { body, ...omitUndefined({ name: draft.name, platform: draft.platform }) };
}

function parseOccurrence({ flag, value }: Occurrence): Draft {
  if (value === undefined) throw usageError("missing value");
  return flag.read(value);
}

/**
 * As the docker client does: drop duplicate volumes, keep a variable's last value, drop an empty health
 * check.
 */
function tidy({ Healthcheck, Env, ...body }: CreateBody): CreateBody {
  const Binds = body.HostConfig?.Binds;
  const variables = new Map(Env?.map((variable) => [variable.slice(0, variable.indexOf("=")), variable]));
  const health = Object.fromEntries(Object.entries(Healthcheck ?? {}).filter(([, value]) => value !== 0));
  return {
    ...body,
    ...(Env !== undefined && { Env: [...variables.values()] }),
    ...(Object.keys(health).length > 0 && { Healthcheck: health }),
    ...(Binds !== undefined && { HostConfig: { ...body.HostConfig, Binds: [...new Set(Binds)] } }),
  };
}
