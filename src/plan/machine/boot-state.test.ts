import { expect, test } from "bun:test";
import { bootBegin } from "./boot-state.ts";

test.each([
  ["a first boot", "0001-01-01T00:00:00Z", "2026-01-01T00:00:02Z", 0],
  ["a second one", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", 1767225601],
  ["one after the clock was set back", "2026-01-01T00:00:03Z", "2026-01-01T00:00:02.5Z", 1767225602.5],
])("when %s began", (_name, FinishedAt, StartedAt, seconds) => {
  expect(bootBegin({ FinishedAt, StartedAt })).toBe(seconds);
});
