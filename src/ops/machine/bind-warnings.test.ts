import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { trustedUsers } from "#host/files/path-steps.ts";
import { bindWarning, bindWarnings, fileWarnings, listWritables } from "./bind-warnings.ts";

let directory: string;
const at = (...names: readonly string[]) => join(directory, ...names);
const warning = (source: string, isWritable = true) => bindWarning(source, isWritable, trustedUsers({}));
const swapped = (fault: string) =>
  expect.stringMatching(
    new RegExp(`redirect .* to any directory of the host.*: ${fault}. Keep it .*/srv[)]$`),
  );
const other = 65534;
const onHost = { endpoint: { kind: "unix", path: "/nowhere", source: "test" } } as Engine;
const look = (signal = new AbortController().signal) => ({ trusted: trustedUsers({}), signal });

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-binds-")));
  chmodSync(directory, 0o755);
  mkdirSync(at("home", "data"), { recursive: true });
  chmodSync(at("home", "data"), 0o700);
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a directory on whose way nobody else decides and that is closed is not worth a word", () => {
  expect([warning(at("home", "data")), warning(at("home", "data"), false)]).toEqual([undefined, undefined]);
  chmodSync(at("home", "data"), 0o755);
  expect([warning(at("home", "data")), warning(at("home", "data"), false)]).toEqual([
    expect.stringContaining("can reach"),
    undefined,
  ]);
});

test("one above which everybody may write is warned of, also for reading, and one that is yet to be made", () => {
  chmodSync(at("home"), 0o777);
  const expected = swapped(`any user may write to ${at("home")}`);
  const sources = [at("home", "data"), at("home", "new", "deeper")];
  expect(sources.flatMap((source) => [warning(source), warning(source, false)])).toEqual([
    expected,
    expected,
    expected,
    expected,
  ]);
});

test("in a sticky directory one's own cannot be exchanged, but what is not there yet", () => {
  chmodSync(at("home"), 0o1777);
  symlinkSync("none", at("home", "link"));
  const expected = swapped(`any user may write to ${at("home")}`);
  expect(["data", "new", "link"].map((name) => warning(at("home", name)))).toEqual([
    undefined,
    expected,
    expected,
  ]);
});

test("what is written into the end itself is the machine's affair", () => {
  writeFileSync(at("home", "file"), "");
  for (const name of ["data", "file"]) chmodSync(at("home", name), 0o777);
  expect([warning(at("home", "data"), false), warning(at("home", "file"))]).toEqual([undefined, undefined]);
});

test("one whose way is too long to be looked at is warned of", () => {
  symlinkSync(`${"data/../".repeat(400)}data`, at("home", "link"));
  expect(warning(at("home", "link"), false)).toEqual(
    swapped("the path, with its symbolic links resolved, has too many components"),
  );
});

test("no more are looked at than a command may take its time for, and none after a signal", async () => {
  const binds = Array.from({ length: 1003 }, (_, index) => ({
    source: at("home", "data", String(index)),
    readOnly: true,
    target: "/x",
  }));
  expect(await bindWarnings(onHost, binds, look())).toEqual([
    "checked the first 1000 host paths bound into machines, skipped 3",
  ]);
  expect(await bindWarnings(onHost, binds.slice(0, 1000), look())).toEqual([]);
  const interruption = new AbortController();
  const looks = bindWarnings(onHost, binds, look(interruption.signal));
  interruption.abort(new Error("enough"));
  expect(looks).rejects.toThrow("enough");
});

describe("a machine that may write where the machine file is", () => {
  const said = (files: readonly string[], sources: Readonly<Record<string, string>>, engine = onHost) => {
    const writable = Object.entries(sources).map(([machine, source]) => ({ machine, source }));
    return fileWarnings(engine, files, writable, look());
  };
  const writes = (file: string, source: string, machines: string) =>
    expect.stringMatching(
      new RegExp(
        `^root in ${machines} can write ${file} by the bind of ${source}, .*Mount it :ro, or keep the file in`,
      ),
    );

  test("is named, by the file itself, its directory, one above, or a link to one; one beside it is not", async () => {
    const file = at("home", "berth.yaml");
    writeFileSync(file, "");
    symlinkSync(at("home"), at("link"));
    for (const source of [file, at("home"), directory, "/", at("link")]) {
      expect([source, await said([file], { web: source })]).toEqual([source, [writes(file, source, "web")]]);
    }
    expect(
      await said([file], { web: at("home", "data"), db: at("none"), mail: at("home", "data", "berth.yaml") }),
    ).toEqual([]);
    expect(await said([file], { web: at("home"), db: at("home") })).toEqual([
      writes(file, at("home"), "web, db"),
    ]);
    expect(await said([file], { web: at("home") }, { endpoint: { kind: "tcp" } } as Engine)).toEqual([]);
  });

  test("so is one that has a link on the way to it, or where another would be found before it", async () => {
    const [file, nearer] = [at("berth.yaml"), at("home", "data", "berth.yaml")];
    mkdirSync(at("own"));
    writeFileSync(at("own", "real"), "");
    symlinkSync(at("own", "real"), at("home", "middle"));
    symlinkSync(at("home", "middle"), file);
    expect(await said([file], { web: at("home") })).toEqual([writes(file, at("home"), "web")]);
    expect(await said([file], { web: at("home", "data") })).toEqual([]);
    expect(await said([file, nearer], { web: at("home", "data") })).toEqual([
      writes(nearer, at("home", "data"), "web"),
    ]);
  });
});

test("of an engine's machines are told the mounts that they may write to, and of nothing else's", async () => {
  const mount = (Source: string, RW = true) => ({ Type: "bind", Source, RW });
  const labels = { "berth.machine": "web", "berth.creation": "1" };
  const container = { Id: "1", ImageID: "i", State: "running", HostConfig: {} };
  const containers = [
    { ...container, Names: ["/web"], Labels: labels, Mounts: [mount("/a"), mount("/b", false), mount("")] },
    { ...container, Names: ["/other"], Labels: labels, Mounts: [mount("/c")] },
    { ...container, Names: ["/db"], Labels: { ...labels, "berth.machine": "db" }, Mounts: null },
  ];
  const engine: Engine = {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    request: async ({ path }) => {
      const body = path.endsWith("/containers/json") ? containers : { Config: { Labels: null } };
      return {
        kind: "answer",
        status: 200,
        headers: {},
        body: Readable.from([Buffer.from(JSON.stringify(body))]),
      };
    },
  };
  expect(await listWritables(engine, AbortSignal.timeout(5000))).toEqual([{ machine: "web", source: "/a" }]);
});

describe.skipIf(process.getuid?.() !== 0)("another user's (needs root)", () => {
  test("directory above, link, and link on the way of a link are named", () => {
    symlinkSync(at("home", "data"), at("link"));
    expect(warning(at("link"))).toBeUndefined();
    chownSync(at("home"), other, other);
    const expected = swapped(`${at("home")} belongs to the user ${other}`);
    expect([warning(at("home", "data")), warning(at("home", "data"), false), warning(at("link"))]).toEqual([
      expected,
      expected,
      expected,
    ]);
    symlinkSync(directory, at("home", "back"));
    mkdirSync(at("own"));
    chmodSync(at("own"), 0o700);
    symlinkSync(at("home", "back", "own"), at("through"));
    expect([warning(at("own")), warning(at("through"))]).toEqual([undefined, expected]);
  });

  test("directory at the end is not, but in a sticky directory, where its user may rename it", () => {
    chownSync(at("home", "data"), other, other);
    expect(warning(at("home", "data"), false)).toBeUndefined();
    chmodSync(at("home"), 0o1777);
    expect(warning(at("home", "data"), false)).toEqual(
      swapped(`${at("home", "data")} belongs to the user ${other}`),
    );
  });
});
