import { usageError } from "#usage.ts";
import type { Draft } from "./draft.ts";
import { parseBoolean } from "./literal.ts";

/** One flag of `docker run`. */
export interface Flag {
  readonly name: string;
  /** Its one letter. */
  readonly short?: string;
  /** Names that are no longer in docker's help. */
  readonly formerly?: string;
  /** A switch takes no separate word as its value: `--tty`, or `--tty=false`. */
  readonly isSwitch: boolean;
  /** Parses its value. Throws `usage` for an invalid value, in a message that need not name the flag. */
  readonly read: (text: string) => Draft;
}

interface Names {
  readonly short?: string;
  readonly formerly?: string;
}

/** A flag that has a value. */
export function valued(name: string, read: (text: string) => Draft, names: Names = {}): Flag {
  return { name, isSwitch: false, read, ...names };
}

/** A flag that is on or off. */
export function toggle(name: string, read: (on: boolean) => Draft, names: Names = {}): Flag {
  return { name, isSwitch: true, read: (text) => read(parseBoolean(text)), ...names };
}

/** A flag of docker's that berth refuses, with the reason. */
export function refused(
  name: string,
  reason: string,
  { isSwitch = false, ...names }: Names & { readonly isSwitch?: boolean } = {},
): Flag {
  const read = () => {
    throw usageError(`unsupported flag: ${reason}`);
  };
  return { name, isSwitch, read, ...names };
}
