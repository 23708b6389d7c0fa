import { expect, test } from "bun:test";
import { isGiven, label, withoutHandedDown } from "./machine.ts";

test.each([
  ["the image lacks", { a: "1" }, {}, true],
  ["the image has otherwise", { a: "1" }, { a: "2" }, true],
  ["the image has too", { a: "1" }, { a: "1" }, false],
  ["nobody has", {}, { a: "1" }, false],
])("a label that %s is given: %j, %j, %p", (_, labels, image, expected) =>
  expect(isGiven(["a"], labels, image)).toBe(expected),
);

test("one of several", () => expect(isGiven(["a", "b"], { a: "1", b: "2" }, { a: "1" })).toBe(true));

const authored = {
  mine: "1",
  ...{
    [label.network]: "net",
    [label.project]: "p",
    [label.file]: "/p/berth.yaml",
    [label.spec]: "{}",
    [label.loader]: "1",
  },
  ...{
    [label.root]: "/srv",
    [label.service]: "s",
    [label.guard]: "1",
    [label.probe]: "web",
    [label.init]: "systemd",
    [label.os]: "Debian",
  },
};

test("a machine of berth up has what that gives each time, and what its image says of itself", () => {
  const labels = { ...authored, [label.machine]: "web", [label.creation]: "1" };
  const {
    [label.loader]: _,
    [label.root]: _r,
    [label.service]: _s,
    [label.guard]: _g,
    [label.probe]: _p,
    ...believed
  } = labels;
  expect(withoutHandedDown(labels, "net", authored)).toEqual(believed);
});

test("a loader's machine is of no project and no network by its image's word", () => {
  const given = { [label.machine]: "box.app", [label.creation]: "1", [label.loader]: "2", [label.root]: "" };
  const own = { mine: "1", [label.service]: "s", [label.init]: "systemd", [label.os]: "Debian" };
  expect(withoutHandedDown({ ...authored, ...given }, "container:2", authored)).toEqual({ ...own, ...given });
});
