import type { Observed } from "./observe.ts";
import type { MachineContainer } from "./read-container.ts";

/** How the real runtime's `create` or `run` was called. */
export interface RuntimeCreate {
  /** The container's id as the engine calls it. */
  readonly id: string;
  /** The OCI bundle directory, which holds config.json. */
  readonly bundle: string;
  /** Where this machine's own files lie until the runtime's `delete` removes them. */
  readonly state: string;
  /** berth's own directory for all machines of its user: /run/berth for root. */
  readonly home: string;
  /** The real runtime, by its name or path. */
  readonly real: string;
  /** The real runtime's --root. A container exists as long as its directory in there. */
  readonly root: string;
  /**
   * A descriptor of the engine's mount namespace, where the runtime is to run in one of its own, as this
   * process does.
   */
  readonly outer?: number | undefined;
  /** The path of berth-runtime, for the machine's hooks and for the server of mirrors. */
  readonly launcher: string;
  /** Whether the runtime may end the container itself, without a `delete` (`run`). */
  readonly alone?: boolean;
}

/** A start with all that was read for it. */
export interface MachineStart {
  readonly call: RuntimeCreate;
  readonly container: MachineContainer;
  readonly observed: Observed;
}
