import { expect, test } from "bun:test";
import { parseVolume } from "#machinefile/value/volume.ts";
import { bindsOf } from "./binds.ts";

test("the host's files and directories of a specification, also of one that was read back", () => {
  const volumes = ["/srv:/srv", "/etc/app:/etc/app:ro", "data:/data", "/cache"].map(parseVolume);
  const binds = [
    { source: "/srv", readOnly: false },
    { source: "/etc/app", readOnly: true },
  ];
  expect(bindsOf({ volumes })).toEqual(binds);
  expect(bindsOf(JSON.parse(JSON.stringify({ volumes })))).toEqual(binds);
});

test.each([[undefined], [{}], [{ volumes: "/srv" }], [{ volumes: [null, "/srv:/srv", { kind: "bind" }] }]])(
  "%j has none",
  (spec) => expect(bindsOf(spec)).toEqual([]),
);
