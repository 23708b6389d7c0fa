import type { DockerBody } from "../../spec/docker-flags/body.ts";

/** The body of POST /containers/create. */
export type CreateBody = DockerBody & { readonly Image?: string; readonly Cmd?: readonly string[] };

/** Two parts of one create call: lists follow each other, maps are laid over each other, and of two values the second holds. */
export function mergeBodies(first: CreateBody, second: CreateBody): CreateBody {
  return mergeRecords(first as Fields, second as Fields) as CreateBody;
}

type Fields = Readonly<Record<string, unknown>>;

/** Words, of which the second list replaces the first: a command is one thing. */
const whole: readonly string[] = ["Cmd", "Entrypoint"];

function mergeRecords(first: Fields, second: Fields): Fields {
  const merged: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) merged[key] = whole.includes(key) ? value : mergeValues(first[key], value);
  return merged;
}

function mergeValues(first: unknown, second: unknown): unknown {
  if (Array.isArray(first) && Array.isArray(second)) return [...first, ...second];
  if (isRecord(first) && isRecord(second)) return mergeRecords(first, second);
  return second ?? first;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
