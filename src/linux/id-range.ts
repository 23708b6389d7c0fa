/** A range of host ids: a machine's 0 is the host's `base` (user_namespaces(7), uid_map). */
export interface IdRange {
  readonly base: number;
  readonly count: number;
}

/** User and group ids of one ordinary system: 16 bits, which is what systemd-nspawn(1) gives too. */
export const idsOfSystem = 65_536;
