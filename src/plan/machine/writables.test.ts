import { expect, test } from "bun:test";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import type { ObservedContainer } from "./up.ts";
import { writables } from "./writables.ts";

test("a machine that is to be made can write to what its file says, one that is there to what it has, whatever file made it", () => {
  const text =
    'machines: {web: {image: x, volumes: ["/a:/a", "/b:/b:ro", "data:/c"]}, db: {image: x, volumes: ["/d:/d"]}}';
  const { machines } = parseMachineFile(text, {
    fileName: "/srv/berth.yaml",
    shownAs: "berth.yaml",
    environment: {},
  });
  const steps = machines.map((machine) =>
    machine.name === "web"
      ? ({ do: "create", machine, address: "" } as const)
      : ({ do: "keep", machine, id: "1", differences: [] } as const),
  );
  const there = [
    { ours: true, name: "db", writes: ["/e"] },
    { ours: true, name: "of-another-file", writes: ["/f"] },
    { ours: false, name: "docker-run", writes: ["/g"] },
  ] as unknown as readonly ObservedContainer[];
  expect(writables(steps, there).map(({ machine, source }) => `${machine} ${source}`)).toEqual([
    "web /a",
    "db /e",
    "of-another-file /f",
  ]);
});
