import type { Place } from "./place.ts";
import { medianDifference, medianRatio, type Series } from "./rounds.ts";

/** What is compared in one go. */
export interface Comparison {
  readonly name: string;
  /** Rounds that give a steady median here, within the time that is right for all together. */
  readonly rounds: number;
  run(place: Place, rounds: number): Promise<Outcome>;
}

export interface Outcome {
  /**
   * The first is the peer that the table's ratios refer to; none where something is measured that has no
   * peer.
   */
  readonly series: readonly Series[];
  readonly targets: readonly Target[];
}

/** The target, beside the measurement. */
export interface Target {
  readonly text: string;
  readonly figure: number;
  readonly limit: number;
  readonly unit: "ms" | "times" | "MB" | "%";
  readonly met: boolean;
}

/** At most this many times the peer's. */
export function ratioTarget(text: string, limit: number, ours: Series, peer: Series): Target {
  return target(text, medianRatio(ours, peer), limit, "times");
}

/** At most this many milliseconds more than the peer. */
export function differenceTarget(text: string, limit: number, ours: Series, peer: Series): Target {
  return target(text, medianDifference(ours, peer), limit, "ms");
}

export function target(text: string, figure: number, limit: number, unit: Target["unit"]): Target {
  return { text, figure, limit, unit, met: figure <= limit };
}

/** The series of that name, which the comparison has just made. */
export function seriesOf(series: readonly Series[], name: string): Series {
  const found = series.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}
