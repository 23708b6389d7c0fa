import { describe, expect, test } from "bun:test";
import { builderArchive, hostMirror, parseAptSources, planSources } from "./mirror.ts";

const deb822 = `# the archive
Types: deb deb-src
URIs: http://a.test/debian
# a comment between
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/x.gpg

Types: deb
URIs: http://s.test/debian-security/
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://src.test/debian
Suites: bookworm
Components: main
`;
const oneLine = `# deb http://no.test/debian bookworm main
deb [signed-by=/k.gpg arch=amd64] https://tool.test/apt bookworm main # theirs
deb cdrom:[Debian 12]/ bookworm main
deb http://flat.test/ ./
  deb  http://a.test/debian   bookworm   main contrib
deb-src http://a.test/debian bookworm main
deb http://a.test/debian bookworm-updates main
`;

test("deb822 format", () => {
  expect(parseAptSources([{ name: "/etc/apt/sources.list.d/debian.sources", text: deb822 }])).toEqual([
    { uri: "http://a.test/debian", suite: "bookworm", components: ["main", "contrib"] },
    { uri: "http://a.test/debian", suite: "bookworm-updates", components: ["main", "contrib"] },
    { uri: "http://s.test/debian-security/", suite: "bookworm-security", components: ["main"] },
  ]);
});

test("one-line format", () => {
  const entries = parseAptSources([{ name: "/etc/apt/sources.list", text: oneLine }]);
  expect(entries.filter(({ uri }) => uri.startsWith("http"))).toEqual([
    { uri: "https://tool.test/apt", suite: "bookworm", components: ["main"] },
    { uri: "http://flat.test/", suite: "./", components: [] },
    { uri: "http://a.test/debian", suite: "bookworm", components: ["main", "contrib"] },
    { uri: "http://a.test/debian", suite: "bookworm-updates", components: ["main"] },
  ]);
});

describe("the host's own archive", () => {
  const lines = (text: string) => parseAptSources([{ name: "x.list", text }]);
  const sources = parseAptSources([{ name: "x.sources", text: deb822 }]);
  test("with its security archive", () => {
    expect(hostMirror(sources, ["bookworm"])).toEqual({
      archive: "http://a.test/debian",
      security: "http://s.test/debian-security",
    });
  });
  test("is the one with -updates, not another's of that suite", () => {
    expect(hostMirror(lines(oneLine), ["bookworm"])?.archive).toBe("http://a.test/debian");
  });
  test("by its symbolic suite", () => {
    expect(hostMirror(lines("deb http://a.test/debian sid main"), ["forky", "sid"])?.archive).toBe(
      "http://a.test/debian",
    );
  });
  test("unknown", () => {
    expect(
      hostMirror(lines("deb file:/srv bookworm main\ndeb http://a.test x other"), ["bookworm", "x"]),
    ).toBeUndefined();
  });
});

describe("sources", () => {
  const signed = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
  const ubuntu = "deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg]";
  const bookworm = { os: "debian", release: "bookworm" } as const;
  const cases = [
    ["none", bookworm, undefined, []],
    [
      "a URL",
      bookworm,
      "http://m.test/d/",
      [`${signed} http://m.test/d bookworm main`, `${signed} http://m.test/d bookworm-updates main`],
    ],
    [
      "the host's",
      bookworm,
      { archive: "http://m.test/d", security: "http://s.test/s" },
      [
        `${signed} http://m.test/d bookworm main`,
        `${signed} http://m.test/d bookworm-updates main`,
        `${signed} http://s.test/s bookworm-security main`,
      ],
    ],
    ["sid", { os: "debian", release: "sid" }, "http://m.test/d", [`${signed} http://m.test/d sid main`]],
    [
      "Ubuntu",
      { os: "ubuntu", release: "noble" },
      "http://m.test/u",
      ["noble", "noble-updates", "noble-security"].map(
        (suite) => `${ubuntu} http://m.test/u ${suite} main universe`,
      ),
    ],
    [
      "lines",
      bookworm,
      "deb [trusted=yes] http://m.test/d x y\n\n# no\ndeb http://z.test a b",
      ["deb [trusted=yes] http://m.test/d x y", "deb http://z.test a b"],
    ],
  ] as const;
  for (const [name, recipe, mirror, expected] of cases) {
    test(name, () => expect(planSources(recipe, mirror)).toEqual([...expected]));
  }
});

test("where a builder's image gets mmdebstrap from", () => {
  expect(builderArchive("debian", "http://mirror.example/debian/")).toBe("http://mirror.example/debian");
  expect(builderArchive("debian", "https://mirror.example/debian")).toBeUndefined();
  expect(builderArchive("debian", "deb http://mirror.example/debian bookworm main")).toBeUndefined();
  expect(builderArchive("ubuntu", "http://mirror.example/ubuntu")).toBeUndefined();
  expect(builderArchive("debian", undefined)).toBeUndefined();
});
