/** User or group ids in a row. */
export interface IdRange {
  readonly base: number;
  readonly count: number;
}
