import type { CreateBody } from "#api/create-body.ts";
import { BerthError, hasCode } from "#errors.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { renderFault } from "#machinefile/problem.ts";
import { suggestionOf, usageError } from "#usage.ts";
import { combinedFlags } from "./combined-flags.ts";
import { mergeDeep } from "./deep-merge.ts";
import type { Draft } from "./draft.ts";
import { type Occurrence, parseWords } from "./words.ts";

/** What flags of `docker run` ask of the Engine API. */
export interface DockerFlags {
  /** For POST /containers/create: only what was asked for, not what the docker client says besides. */
  readonly body: CreateBody;
  /** Query parameters of that call. */
  readonly name?: string;
  readonly platform?: string;
}

/**
 * Reads the flags of `docker run` (20.10 to 29), as words, into what the docker client makes of them: lists
 * add up, and of a flag with one value the last counts. Flags that are the client's own work, or need a file
 * or variable of its caller's, are refused by name, and so are unknown ones, bad values and contradictions.
 * Throws one `usage` error for everything that is wrong, one line each.
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
 * The client gives one volume once, a variable with its last value, and no health check that says nothing.
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
