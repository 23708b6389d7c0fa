/**
 * The process of a container, independent of its host: the Engine API's ContainerConfig, as a request has it.
 * `Answered` of it is the engine's answer, for containers and images.
 */
export interface ContainerConfig {
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Image?: string;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly NetworkDisabled?: boolean;
  /** Engines before API 1.44 look here alone, later ones at the network's. */
  readonly MacAddress?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: number;
  readonly Healthcheck?: HealthConfig;
}

/** Times are nanoseconds. `Test: ["NONE"]` switches the image's own check off. */
export interface HealthConfig {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly Retries?: number;
  readonly StartPeriod?: number;
  /** From API 1.44. */
  readonly StartInterval?: number;
}
