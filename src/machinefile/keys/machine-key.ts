import type { MachineSpec } from "#machinefile/machine.ts";
import type { Key } from "#machinefile/type/value-type.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";

/**
 * One key of a machine: everything that berth knows of it. A new key is one row like this in machine.ts's
 * table, and its value's type in MachineSpec. The reader, the JSON Schema and the reference follow the row,
 * the options of `berth up` with help, manual and completion, and the loader's labels.
 */
export interface MachineKey extends Key<unknown> {
  /** Where MachineSpec has it. */
  readonly field: string;
  /** Describes one machine alone, and has no place under `defaults`. */
  readonly isOwn?: true;
  /** A map that is merged with the defaults', entry by entry, instead of replacing it. */
  readonly isMerged?: true;
  /** The value in MachineSpec for the written one (undefined for none). Default: the same value. */
  resolve?(written: unknown, context: MachineContext): unknown;
  readonly option?: KeyOption;
  readonly label?: KeyLabel;
}

/** Facts besides the written value that a value in MachineSpec may depend on. */
export interface MachineContext {
  /** The machine's name. */
  readonly name: string;
  /** berth's own environment. */
  readonly environment: Variables;
  /** Whether the machine is a folder of a swarm's node. */
  readonly hasRoot: boolean;
  /** Seconds, as written. */
  readonly stopTimeout: number | undefined;
}

/** How `berth up` takes a key without a file. */
export interface KeyOption {
  /** Its long name, without dashes; the key's own, with hyphens, where absent. */
  readonly name?: string;
  /** One letter. */
  readonly short?: string;
  /** What its value is called in help; absent for a switch. */
  readonly value?: string;
  /** Given once for each entry of a list. */
  readonly repeat?: true;
  /** For help, a few words without a full stop. */
  readonly description: string;
  /** The variable of the environment that stands in for it. */
  readonly env?: string;
  readonly completes?: "image";
}

/**
 * How the loader of a service gets a key: by its own label, `berth.loader.KEY` with hyphens for underscores,
 * or by flags of `docker run` in the label `berth.loader.args`.
 */
export type KeyLabel<V = unknown> =
  | { readonly form: "value"; readonly also?: readonly string[]; render?(value: V): string }
  | { readonly form: "list"; readonly also?: readonly string[]; render?(entry: Element<V>): string }
  | { readonly form: "flags"; render(value: V): readonly string[] };

type Element<V> = V extends readonly (infer E)[] ? E : unknown;

/** The keys of a machine, in the order of the reference. */
export type MachineKeys = Readonly<Record<string, MachineKey>>;

type Field = Exclude<keyof MachineSpec, "name">;
type Value<F extends Field> = NonNullable<MachineSpec[F]>;

interface TypedKey<F extends Field, T> extends Key<T>, Pick<MachineKey, "isOwn" | "isMerged" | "option"> {
  readonly label?: KeyLabel<Value<F>>;
}

/** The written type is that of MachineSpec, or the row has a `resolve`. */
type Resolved<F extends Field, T> = [T | undefined] extends [MachineSpec[F]]
  ? Partial<Resolves<F, T>>
  : Resolves<F, T>;

interface Resolves<F extends Field, T> {
  readonly resolve: (written: T | undefined, context: MachineContext) => MachineSpec[F];
}

/** A row of the table, checked against the field of MachineSpec that it fills. */
export function machineKey<const F extends Field, T>(field: F, row: TypedKey<F, T> & Resolved<F, T>) {
  return { field, ...row };
}

/** A key as options and labels spell it: `memory_swap` → `memory-swap`. */
export function hyphened(key: string): string {
  return key.replaceAll("_", "-");
}
