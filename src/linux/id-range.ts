/** A range of host ids: a machine's 0 is the host's `base` (user_namespaces(7), uid_map). */
export interface IdRange {
  readonly base: number;
  readonly count: number;
}
