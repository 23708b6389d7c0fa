import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { stageMounts } from "#support/isolated.ts";
import { booted, removeAll, removeContainers, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

/**
 * Looks, at each moment in which a machine has a stage and has not begun, for what of it can be reached: as a
 * user of the host's, and by processes that begin in mount namespaces of their own then and stay there. Ends
 * when it has been in that moment so often, or when it is told to.
 */
const watch = `
  nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
  moments=0
  until [ -e /run/watched ] || [ $moments -ge 40 ]; do
    for stage in /run/berth/runtime/run/docker/runtime-runc/moby/*/stage; do
      [ -d "$stage" ] && ! [ -e "\${stage%/stage}/pid" ] || continue
      moments=$((moments + 1))
      unshare --mount --propagation slave sleep 60 >/dev/null 2>&1 &
      $nobody unshare --user --map-root-user --mount sleep 60 >/dev/null 2>&1 &
      $nobody sh -c 'cd "$1" && for place in root/* root/etc layers userns sys 0 1 2 3; do [ ! -e "$place" ] || echo "GOT $place"; done' sh "$stage"
      for place in "$stage"/root/* "$stage"/layers "$stage"/userns; do [ ! -e "$place" ] || echo "GOT $place as root"; done
    done
  done
  echo "moments $moments"`;

describe.skipIf(!canHaveEngines)("attacks on a machine's stage (needs root)", () => {
  beforeAll(async () => {
    for (const view of views) await node(view).docker("volume", "create", "letters");
  });
  afterEach(async () => {
    for (const view of views) await removeAll(node(view));
  });

  test.each(views)("on %s no process of the host's sees any of it, whenever it begins", async (view) => {
    const engine = node(view);
    const start = () =>
      runMachine(
        engine,
        "staged",
        "bookworm",
        "-e",
        "BERTH_PROFILE=full",
        "-v",
        "letters:/letters",
        "--network=none",
      );
    let isOver = false;
    const watching = engine.run("sh", "-c", watch).finally(() => {
      isOver = true;
    });
    for (let starts = 0; !isOver && starts < 12; starts += 1) {
      await start();
      expect(await stageMounts(engine)).toBe("");
      await removeContainers(engine, "staged");
    }
    await engine.run("touch", "/run/watched");
    const seen = (await watching).stdout.trim().split("\n");
    expect(seen.filter((line) => line.startsWith("GOT"))).toEqual([]);
    // It has been there in time, and the copies of the engine's mounts that began then are still there.
    expect(Number(/^moments (\d+)$/.exec(seen.at(-1) ?? "")?.[1])).toBeGreaterThan(3);
    expect(Number((await engine.run("pgrep", "--count", "--full", "^sleep 60$")).stdout)).toBeGreaterThan(3);
    await start();
    expect(await booted(engine, "staged")).toBe("running");
    expect(await stageMounts(engine)).toBe("");
    await engine.run("pkill", "--full", "^sleep 60$");
  });
});
