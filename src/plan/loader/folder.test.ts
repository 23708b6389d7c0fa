import { expect, test } from "bun:test";
import { type FolderFacts, mostNames, planRoot } from "./folder.ts";

const guest = {
  os: undefined,
  init: { kind: "systemd" as const, program: "/usr/lib/systemd/systemd", version: 252 },
  machineId: "",
  mergedUsr: true,
};
const facts = (
  entries: FolderFacts["entries"],
  reading: FolderFacts["reading"] = { guest },
): FolderFacts => ({
  entries,
  reading,
  identity: "1:2",
});
const directory = (name: string) => ({ name, kind: "directory" as const });

test("directories and files are bound, links are links, and what is made anew is left out by its exact name", () => {
  const plan = planRoot(
    "/srv/x",
    ["/sbin/init"],
    facts([
      { name: "bin", kind: "link", target: "usr/bin" },
      ...["dev", "devices", "etc", "proc", "processes", "run", "runner", "sys", "system", "usr"].map(
        directory,
      ),
      { name: "swapfile", kind: "file" },
    ]),
    [],
  );
  expect(plan.bound.map(({ name }) => name)).toEqual([
    "devices",
    "etc",
    "processes",
    "runner",
    "system",
    "usr",
    "swapfile",
  ]);
  expect(plan.bound.at(-1)).toEqual({ name: "swapfile", directory: false });
  expect(plan.links).toEqual([{ name: "bin", target: "usr/bin" }]);
});

test("a volume of the user's takes the folder's place", () =>
  expect(
    planRoot("/srv/x", ["/sbin/init"], facts([directory("root"), directory("usr")]), ["/root", "/usr/x"])
      .bound,
  ).toEqual([{ name: "usr", directory: true }]));

test("what is neither directory, file nor link is left out, and said", () =>
  expect(
    planRoot("/srv/x", ["/sbin/init"], facts([directory("usr"), { name: "pipe", kind: "other" }]), []).notes,
  ).toEqual(["ignoring /srv/x/pipe: unsupported type (only directories, files and links)"]));

test("so is what an engine could not be told of", () => {
  const plan = planRoot(
    "/srv/x",
    ["/sbin/init"],
    facts([directory("usr"), { name: "x\ufffdy", kind: "unnamable" }]),
    [],
  );
  expect(plan.bound).toEqual([{ name: "usr", directory: true }]);
  expect(plan.notes).toEqual(["ignoring /srv/x/x\ufffdy: the engine needs a name in UTF-8"]);
});

const many = (count: number) => Array.from({ length: count }, (_, index) => directory(`d${index}`));

test("as many names as any root may have are bound", () =>
  expect(planRoot("/srv/x", ["/sbin/init"], facts(many(mostNames)), []).bound).toHaveLength(mostNames));

test.each<[string, FolderFacts, RegExp]>([
  ["a folder of more", facts(many(mostNames + 1)), /too many entries in .*at most 1000/],
  ["an empty folder", facts([], { missing: "program" }), /is empty/],
  ["a folder of documents", facts([directory("letters")], { missing: "program" }), /\/sbin\/init is missing/],
  [
    "a folder whose init is a script",
    facts([directory("sbin")], { missing: "init" }),
    /\/sbin\/init is an unsupported init/,
  ],
])("%s is no machine", (_, found, message) =>
  expect(() => planRoot("/srv/x", ["/sbin/init"], found, [])).toThrow(message),
);
