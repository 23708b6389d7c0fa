import type { ProgressMessage } from "#api/progress-message.ts";

/** Bytes of each layer, by its id. */
export type PullState = ReadonlyMap<string, { readonly current: number; readonly total: number }>;

/** The state after a line of a pull's progress. A layer whose size is not known yet does not count. */
export function nextPullState(state: PullState, { id, status, progressDetail }: ProgressMessage): PullState {
  const { current = 0, total = 0 } = progressDetail ?? {};
  if (id === undefined || status !== "Downloading" || total <= 0) return state;
  return new Map([...state, [id, { current, total }]]);
}

/** "pulling debian:trixie-slim, 12 of 29 MB"; without the sizes while they are unknown. */
export function renderPull(reference: string, state: PullState): string {
  const layers = [...state.values()];
  const sum = (key: "current" | "total") => layers.reduce((bytes, layer) => bytes + layer[key], 0);
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const sizes = layers.length === 0 ? "" : `, ${megabytes(sum("current"))} of ${megabytes(sum("total"))} MB`;
  return `pulling ${reference}${sizes}`;
}
