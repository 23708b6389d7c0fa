/** Engine API, "EventMessage": what an engine did. */
export interface EventMessage {
  readonly Type: string;
  /** Such as "start", "die", or "exec_start: COMMAND". */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope?: "local" | "swarm";
  /** Unix time, seconds. */
  readonly time: number;
  readonly timeNano: number;
}
