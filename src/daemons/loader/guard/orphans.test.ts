import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { removeGuard, removeMachine } from "#daemons/loader/remove-part.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { label } from "#labels/machine.ts";
import type { LeaseHolder } from "#plan/loader/lease.ts";
import { findOrphans, holderState } from "./orphans.ts";

type State = "created" | "running" | "restarting" | "exited";
interface Container {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: State;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: { readonly NetworkMode: string };
  readonly ImageID: string;
  /** Its image's; null for one that is gone. */
  readonly handedDown?: Readonly<Record<string, string>> | null;
}

/**
 * An engine with these containers, and what it was asked to remove: containers by their ids, images by their
 * names.
 */
function engineOf(containers: readonly Container[]): {
  readonly engine: Engine;
  readonly removed: readonly string[];
} {
  const removed: string[] = [];
  const answer = (status: number, body: object) =>
    ({
      kind: "answer",
      status,
      headers: {},
      body: Readable.from([Buffer.from(JSON.stringify(body))]),
    }) as const;
  const engine: Engine = {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    request: async ({ method, path }) => {
      if (path.endsWith("/containers/json")) return answer(200, containers);
      const name = decodeURIComponent(path.split("/")[3] ?? "");
      if (method !== "DELETE" && path.includes("/images/")) {
        const handedDown = containers.find(({ ImageID }) => ImageID === name)?.handedDown;
        return handedDown === null
          ? answer(404, { message: "none" })
          : answer(200, { Config: { Labels: handedDown ?? null } });
      }
      const found = containers.find(({ Id, Names }) => Id === name || Names[0] === `/${name}`);
      if (method === "DELETE") removed.push(found?.Id ?? name);
      if (found === undefined)
        return answer(method === "DELETE" ? 200 : 404, method === "DELETE" ? [] : { message: "none" });
      const { Id, Names, Labels, HostConfig, State, ImageID: Image } = found;
      const Config = { Image: "berth-root:0123456789abcdef", Labels };
      return answer(200, {
        Id,
        Image,
        Name: Names[0],
        State: { Running: State === "running" },
        HostConfig,
        Config,
      });
    },
  };
  return { engine, removed };
}

const container = (
  Id: string,
  name: string,
  State: State,
  Labels: Container["Labels"] = {},
  NetworkMode = "default",
): Container => ({
  Id,
  Names: [`/${name}`],
  State,
  Labels,
  HostConfig: { NetworkMode },
  ImageID: `image-of-${Id}`,
});
const machineLabels = { [label.loader]: "1", [label.machine]: "box.app" };
const guardLabels = { [label.guard]: "1" };
const machineOf = (State: State, more: Container["Labels"] = {}) =>
  container("2", "box.app", State, { ...machineLabels, ...more }, "container:1");
const guardOf = (State: State) => container("3", "box.guard", State, guardLabels, "host");
/** With all labels from its image. */
const byImage = (of: Container): Container => ({ ...of, handedDown: of.Labels });
const { signal } = new AbortController();

/** A lease that tells its holder's loader, and one of before. */
const old: LeaseHolder = { machine: "box.app", engine: "E1", node: "one" };
const holders: readonly LeaseHolder[] = [{ ...old, loader: "1" }, old];

interface Parts {
  readonly loader?: State;
  readonly machine?: State;
  readonly guard?: State;
}
const scenes: readonly (readonly [Parts, boolean, string])[] = [
  [{ loader: "running" }, false, "alive"],
  // A guard that its loader is about to start.
  [{ loader: "running", guard: "created" }, false, "alive"],
  [{ loader: "running", machine: "running", guard: "running" }, false, "alive"],
  [{ loader: "exited", machine: "running", guard: "running" }, false, "leaving"],
  [{ loader: "exited", machine: "running", guard: "restarting" }, false, "leaving"],
  [{ machine: "running" }, true, "leaving"],
  [{ machine: "exited", guard: "exited" }, true, "gone"],
  // A loader that was killed before it could start its guard.
  [{ loader: "exited", guard: "created" }, true, "gone"],
  [{ guard: "created" }, true, "gone"],
];

test.each(scenes)(
  "%j: whether what is left is an orphan (%p), and what a lease's holder is: %s",
  async (parts, isOrphan, state) => {
    const { loader, machine, guard } = parts;
    const containers = [
      ...(loader === undefined ? [] : [container("1", "box", loader, { "berth.loader.root": "/srv/box" })]),
      ...(machine === undefined ? [] : [machineOf(machine)]),
      ...(guard === undefined ? [] : [guardOf(guard)]),
    ];
    const left = containers.map(({ Id }) => Id).filter((id) => id !== "1");
    const { engine } = engineOf(containers);
    expect((await findOrphans(engine, signal)).map(({ id }) => id)).toEqual(isOrphan ? left : []);
    for (const holder of holders) expect(await holderState(engine, holder, signal)).toBe(state as "gone");
  },
);

const foreign: readonly (readonly [string, Container])[] = [
  ["that has a loader's name", container("9", "box", "running")],
  ["that has a guard's name", container("9", "box.guard", "running")],
  ["that has a machine's name", container("9", "box.app", "running")],
  ["made from a commit of a machine", container("9", "backup", "created", machineLabels)],
  ["made from a commit of a machine, with its name", container("9", "box.app", "running", machineLabels)],
  [
    "made from a commit of a machine, in the same network",
    container("9", "backup", "running", machineLabels, "container:1"),
  ],
  ["made from a commit of a guard", container("9", "box.guard", "running", guardLabels)],
  ["of an image whose author wrote a label", container("9", "shop", "running", { [label.loader]: "1" })],
  [
    "in the host's network, of an image whose author wrote a guard's label",
    byImage(container("9", "precious", "exited", guardLabels, "host")),
  ],
  [
    "of such an image, with a guard's name, too",
    byImage(container("9", "box.guard", "exited", guardLabels, "host")),
  ],
  [
    "of such an image that is gone by now",
    { ...container("9", "box.guard", "exited", guardLabels, "host"), handedDown: null },
  ],
  [
    "in the host's network that somebody gave the label",
    container("9", "precious", "exited", guardLabels, "host"),
  ],
  [
    "made from a commit of a machine, with its name, in its network",
    byImage(machineOf("running", { [label.creation]: "1" })),
  ],
  [
    "that berth made of such an image",
    {
      ...container("9", "box.guard", "created", { ...guardLabels, [label.creation]: "1" }, "host"),
      handedDown: guardLabels,
    },
  ],
];

test.each(foreign)(
  "a container %s is nobody's orphan, never tidied up, and never waited for",
  async (_, other) => {
    const { engine, removed } = engineOf([other]);
    expect(await findOrphans(engine, signal)).toEqual([]);
    for (const holder of holders) expect(await holderState(engine, holder, signal)).toBe("gone");
    for (const name of ["2", "9", "box.app"])
      await removeMachine(engine, { loader: "1", machine: name }, { stopTimeout: 0, note: () => {}, signal });
    for (const name of ["9", "box.guard"]) await removeGuard(engine, { loader: "1", guard: name }, signal);
    expect(removed).toEqual([]);
  },
);

test("a loader that has the name of one that is gone is another, to a lease that tells its holder's", async () => {
  const labels = { "berth.loader.root": "/srv/other" };
  const own = { ...machineLabels, [label.loader]: "9" };
  const { engine } = engineOf([
    container("9", "box", "running", labels),
    container("8", "box.app", "running", own, "container:9"),
    container("7", "box.guard", "running", { [label.guard]: "9" }, "host"),
  ]);
  expect(await Promise.all(holders.map((holder) => holderState(engine, holder, signal)))).toEqual([
    "gone",
    "alive",
  ]);
});

test("beside such ones what is the loader's own goes, by its id, with the image of its folder", async () => {
  const others = foreign.map(([, other], index) => ({
    ...other,
    ...container(`other-${index}`, `other-${index}`, other.State, other.Labels, other.HostConfig.NetworkMode),
  }));
  const { engine, removed } = engineOf([
    ...others,
    machineOf("exited", { [label.root]: "/srv/box" }),
    guardOf("exited"),
  ]);
  expect((await findOrphans(engine, signal)).map(({ id }) => id)).toEqual(["2", "3"]);
  await removeMachine(
    engine,
    { loader: "1", machine: "box.app" },
    { stopTimeout: 0, note: () => {}, signal },
  );
  await removeGuard(engine, { loader: "1", guard: "box.guard" }, signal);
  expect(removed).toEqual(["2", "berth-root:0123456789abcdef", "3"]);
});

test("a machine of an image that is gone, or that is a commit of an earlier one, is its loader's all the same", async () => {
  const earlier = { ...machineLabels, [label.creation]: "1" };
  const restored = { ...machineOf("exited", { [label.creation]: "2" }), handedDown: earlier };
  for (const machine of [
    restored,
    { ...machineOf("exited"), handedDown: null },
    machineOf("exited", { [label.creation]: "1" }),
  ]) {
    const { engine, removed } = engineOf([machine]);
    expect((await findOrphans(engine, signal)).map(({ id }) => id)).toEqual(["2"]);
    await removeMachine(
      engine,
      { loader: "1", machine: "box.app" },
      { stopTimeout: 0, note: () => {}, signal },
    );
    expect(removed).toEqual(["2"]);
  }
});

test("an image of the user's stays, whatever its name", async () => {
  // An image's own label, which its machine takes back.
  for (const labels of [{}, { [label.root]: "" }]) {
    const { engine, removed } = engineOf([machineOf("exited", labels)]);
    await removeMachine(
      engine,
      { loader: "1", machine: "box.app" },
      { stopTimeout: 0, note: () => {}, signal },
    );
    expect(removed).toEqual(["2"]);
  }
});
