import { describe, expect, test } from "bun:test";
import { isRoot } from "#lab/mount-namespace.ts";
import { layers, staged } from "#lab/stage.ts";

test.skipIf(!isRoot)(
  "an overlay of mapped layers can be tried, and is gone after that (needs root)",
  async () => {
    const seen = await staged(`
    open(stage);
    stageLayers(stage, overlay, mapped);
    const before = points();
    const obstacle = tryLayers(stage);
    return [obstacle === undefined, JSON.stringify(points()) === JSON.stringify(before), existsSync("/run/berth")];`);
    expect(seen).toEqual([true, true, false]);
  },
);

describe.skipIf(!isRoot)("names that an overlay remembers (needs root)", () => {
  const changeBelow = `
    open(stage);
    stageLayers(stage, overlay, mapped);
    stageOwnRoot(stage, overlay);
    const root = stage + "/root";
    const before = [existsSync("/run/l/merged/late"), existsSync(root + "/late")];
    writeFileSync("/run/l/merged/late", "late");`;

  test("are looked up anew once they are forgotten", async () => {
    const seen = await staged(`${changeBelow}
      for (const place of ["/run/l/merged", root]) forgetNames(place);
      return [before, existsSync(root + "/late"), readFileSync(root + "/late", "utf8")];`);
    expect(seen).toEqual([[false, false], true, "late"]);
  });

  test.each([
    ["a directory in it", "/run/l/merged/etc"],
    ["another file system", "/run/l"],
    ["a file system whose options a change without any would reset", "/run/pts"],
  ])("%s is left alone", async (_, place) => {
    const options = `readFileSync("/proc/self/mountinfo", "utf8")`;
    const before = `${layers}; mkdir /run/pts; mount -t devpts -o mode=600,ptmxmode=0666,gid=5 devpts /run/pts`;
    const look = `const before = ${options}; forgetNames(${JSON.stringify(place)}); return before === ${options};`;
    expect(await staged(look, before)).toBe(true);
  });

  test("a place that is not there is a fault", async () => {
    expect(await staged(`return failure(() => forgetNames("/run/none")).code;`)).toBe("ENOENT");
  });
});
