import type { IdRange } from "./id-range.ts";

/** The ids that subuid(5) or subgid(5) gives away: `NAME:FIRST:COUNT`. */
export function parseSubordinateIds(text: string): readonly IdRange[] {
  return [...text.matchAll(/^[^:#\n]+:(\d+):(\d+)$/gm)].map(([, base, count]) => ({
    base: Number(base),
    count: Number(count),
  }));
}
