import type { Check } from "./doctor-facts.ts";

/** A check that found nothing. */
export function ok(id: string, title: string, detail: string): Check {
  return { id, title, status: "ok", detail, hint: undefined };
}

/** A degradation or a low limit, and what to do. */
export function warn(id: string, title: string, detail: string, hint: string): Check {
  return { id, title, status: "warn", detail, hint };
}

/** What keeps machines from running, and what to do. */
export function fail(id: string, title: string, detail: string, hint: string): Check {
  return { id, title, status: "fail", detail, hint };
}
