/** A range of host ids: the machine's 0 is the host's `base`. */
export interface IdRange {
  readonly base: number;
  readonly count: number;
}
