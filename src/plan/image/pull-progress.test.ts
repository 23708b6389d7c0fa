import { expect, test } from "bun:test";
import type { ProgressMessage } from "#api/progress-message.ts";
import { nextPullState, type PullState, renderPull } from "./pull-progress.ts";

test("a pull's progress, as soon as sizes are known", () => {
  const messages: readonly ProgressMessage[] = [
    { status: "Pulling from library/debian", id: "trixie-slim" },
    { status: "Pulling fs layer", progressDetail: {}, id: "a" },
    { status: "Downloading", progressDetail: { current: 1_000_000, total: 20_000_000 }, id: "a" },
    { status: "Downloading", progressDetail: { current: 4_000_000, total: 9_000_000 }, id: "b" },
    { status: "Downloading", progressDetail: { current: 20_000_000, total: 20_000_000 }, id: "a" },
    { status: "Extracting", progressDetail: { current: 1, total: 20_000_000 }, id: "a" },
  ];
  let state: PullState = new Map();
  const texts = messages.map((message) => {
    state = nextPullState(state, message);
    return renderPull("debian", state);
  });
  expect(texts).toEqual([
    "pulling debian",
    "pulling debian",
    "pulling debian, 1 of 20 MB",
    "pulling debian, 5 of 29 MB",
    "pulling debian, 24 of 29 MB",
    "pulling debian, 24 of 29 MB",
  ]);
});
