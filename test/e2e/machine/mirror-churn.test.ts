import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import {
  anyItem,
  bringIn,
  bringOut,
  commandsFor,
  describeFiles,
  type Files,
  type Item,
  places,
  randomFrom,
  seenBelow,
  seenInImage,
  seenInside,
} from "#support/churn.ts";
import { booted, inside, removeAll, runMachine } from "#support/machine.ts";
import { mountedFor } from "#support/mirrors.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

/** More of it by hand: `BERTH_CHURN='{"machines":20,"seconds":60,"view":"hybrid","seed":7}'`. */
const { machines, seconds, view, seed } = {
  ...{ machines: 2, seconds: 10, view: "v2", seed: 20_250_520 },
  ...(JSON.parse(process.env.BERTH_CHURN ?? "{}") as {
    machines?: number;
    seconds?: number;
    view?: "v2" | "hybrid";
    seed?: number;
  }),
};
const node = useNodes({
  nodes: { one: { cgroupView: view === "v2" ? "v2" : "host" } },
  images: { bookworm: () => labImage("bookworm") },
});
const names = Array.from({ length: machines }, (_, index) => `churn${index}`);
/** Those that are also restless, and looked at as a whole: that takes the longest. */
const whole = names.slice(0, 2);
const slots = places.flatMap((place) => [1, 2, 3].map((number) => `${place}/churn-${number}`));
const heldFiles = places.map((place) => `${place}/churn-held`);
const all = [...slots, ...heldFiles];

/**
 * Holds an open descriptor of each directory, which a process of its own is in besides. Asked, it makes,
 * replaces and removes by each descriptor, and tells what failed.
 */
const holder = String.raw`use POSIX; my @held;
  for my $place (@ARGV) { opendir my $d, $place or die "$place: $!"; push @held, $d; chdir $d; exec qw(sleep infinity) unless fork; }
  POSIX::mkfifo("/root/$_", 0600) for qw(ask told);
  while (1) {
    open my $ask, "<", "/root/ask"; chomp(my $word = <$ask>); close $ask;
    my @failed;
    for my $index (0 .. $#held) {
      my $ok = chdir $held[$index]; my $file;
      $ok &&= open $file, ">", "held.next"; $ok &&= print $file "$word\n"; $ok &&= close $file;
      $ok &&= rename "held.next", "churn-held"; $ok &&= mkdir "held.made"; $ok &&= rmdir "held.made";
      push @failed, "$ARGV[$index]: $!" unless $ok;
    }
    open my $told, ">", "/root/told"; print $told join(", ", @failed), "\n"; close $told;
  }`;

/** Replaces files of changing sizes, directories and links without a pause, beside what is compared. */
const restless = `mkdir -p /srv/restless; cd /srv/restless; mkdir a b; echo here >a/file; echo here >b/file; for n in $(seq 100); do echo $n >still-$n; done
  while :; do
    for n in 1 2 3 4 5; do head -c $((n * 700 + 1)) /etc/services >next; mv next file-$n; head -c 1 /etc/services >next; mv next file-$n; done
    rm -rf kind; mkdir kind; rmdir kind; echo file >kind; ln -sfn still-1 kind; mv a c; mv b a; mv c b
  done`;

describe.skipIf(!canHaveEngines)("files that change all the time, on both sides (needs root)", () => {
  const random = randomFrom(seed);
  const truth = new Map<string, Files>(names.map((name) => [name, new Map()]));
  let engine: Node;
  let directory: string;
  const filesOf = (name: string) => truth.get(name) ?? new Map<string, Item>();
  /** With where it was, to be found again. */
  const same = (what: string, seen: readonly string[], expected: readonly string[]) =>
    expect({ what, seed, lines: seen }).toEqual({ what, seed, lines: expected as string[] });
  const eachMachine = (work: (name: string) => Promise<void>) => Promise.all(names.map(work));
  const hold = async (name: string, word: string) => {
    expect(await inside(engine, name, `echo ${word} >/root/ask; cat /root/told`)).toBe("");
    for (const path of heldFiles)
      filesOf(name).set(path, { type: "f", mode: "644", owner: "0:0", lines: [word] });
  };

  beforeAll(async () => {
    engine = node("one");
    directory = await mkdtemp(join(tmpdir(), "berth-churn-"));
    for (const name of names)
      await runMachine(engine, name, "bookworm", "--network=none", "-e", "BERTH_PROFILE=full");
    for (const name of names) await booted(engine, name);
    await eachMachine(async (name) => {
      await engine.docker("exec", "--detach", name, "perl", "-e", holder, ...places);
      if (whole.includes(name)) await engine.docker("exec", "--detach", name, "nice", "sh", "-c", restless);
      await inside(engine, name, "until [ -p /root/told ]; do sleep 0.1; done");
    });
  }, 300_000);
  afterAll(() => rm(directory, { recursive: true }));

  /** What happens to a machine in a round: the paths that were touched. */
  async function change(name: string, round: number): Promise<readonly string[]> {
    const files = filesOf(name);
    const touched = new Set<string>();
    const choose = (from: readonly string[]) => from[random(from.length)] ?? "";
    const script: string[] = ["set -e"];
    for (let count = 0; count < 8; count += 1) {
      const path = choose(slots);
      touched.add(path);
      if (random(5) === 0) {
        files.delete(path);
        script.push(`rm -rf ${path}`);
        continue;
      }
      const item = anyItem(random, `m${round}-${count}`);
      script.push(commandsFor(path, item, files.get(path)));
      files.set(path, item);
    }
    await inside(engine, name, script.join("\n"));
    // A file over a directory is refused, and a link is followed, by docker cp on any runtime.
    const into = slots.filter((path) => files.get(path)?.type !== "l");
    for (let count = 0; count < 2; count += 1) {
      const path = choose(into);
      const now = files.get(path);
      const item = anyItem(
        random,
        `e${round}-${count}`,
        now?.type === "d" ? "d" : now?.type === "f" ? "f" : "fd",
      );
      touched.add(path);
      await bringIn(engine, name, path, item, join(directory, name));
      files.set(
        path,
        item.type === "d" && now?.type === "d"
          ? { ...item, files: new Map([...now.files, ...item.files]) }
          : item,
      );
    }
    await hold(name, `round-${round}`);
    return [...touched, choose(heldFiles)];
  }

  async function compare(name: string, round: number, paths: readonly string[]): Promise<void> {
    const expected = describeFiles(filesOf(name), paths);
    same(`${name} itself, round ${round}`, await seenInside(engine, name, paths), expected);
    const out = join(directory, name, "out");
    await bringOut(engine, name, paths, out);
    same(`docker cp of ${name}, round ${round}`, await seenBelow(out, paths), expected);
  }

  async function compareWhole(name: string, round: number): Promise<void> {
    const expected = describeFiles(filesOf(name), all);
    same(`all of ${name} itself, round ${round}`, await seenInside(engine, name, all), expected);
    const [tar, out] = [join(directory, `${name}.tar`), join(directory, name, "export")];
    await engine.docker("export", "--output", tar, name);
    await rm(out, { recursive: true, force: true });
    await mkdir(out, { recursive: true });
    const list = (await run("tar", ["--list", "--file", tar])).stdout.split("\n");
    const members = list
      .filter((member) => member.includes("/churn-"))
      .map((member) => member.replace(/\/$/, ""));
    await run("tar", [
      "--extract",
      "--numeric-owner",
      "--preserve-permissions",
      "--no-recursion",
      "--file",
      tar,
      "--directory",
      out,
      ...members,
    ]);
    same(`docker export of ${name}, round ${round}`, await seenBelow(out, all), expected);
    expect(list.filter((member) => member.startsWith("srv/restless/still-"))).toHaveLength(100);
    expect(list.filter((member) => member.startsWith("usr/share/zoneinfo/Europe/")).length).toBe(zones);
    await rm(tar);
    const changes = (await engine.docker("diff", name)).stdout.split("\n");
    const changed = all.filter((path) => changes.includes(`A ${path}`));
    same(
      `docker diff of ${name}, round ${round}`,
      changed,
      all.filter((path) => filesOf(name).has(path)),
    );
    await engine.docker("commit", name, `committed-${name}`);
    same(
      `docker commit of ${name}, round ${round}`,
      await seenInImage(engine, `committed-${name}`, all),
      expected,
    );
    await engine.docker("rmi", `committed-${name}`);
  }
  let zones = 0;

  test(
    "are the same on both sides",
    async () => {
      zones = Number(
        await inside(
          engine,
          names[0] ?? "",
          "tar cf - -C / usr/share/zoneinfo/Europe 2>/dev/null | tar t | wc -l",
        ),
      );
      const end = performance.now() + seconds * 1000;
      for (let round = 1; performance.now() < end; round += 1) {
        const touched = new Map<string, readonly string[]>();
        await eachMachine(async (name) => void touched.set(name, await change(name, round)));
        await sleep(1000);
        await eachMachine((name) => compare(name, round, touched.get(name) ?? []));
        if (round % 3 === 2) await compareWhole(whole[round % whole.length] ?? "", round);
      }
      for (const name of whole) await compareWhole(name, 0);
    },
    seconds * 1000 + machines * 60_000,
  );

  test("apt and dpkg go on where files were brought", async () => {
    const [name = ""] = names;
    const archive = join(directory, "archive");
    await mkdir(archive);
    for (const version of ["1", "2"]) {
      const top = join(directory, `package-${version}`);
      for (const place of [
        "DEBIAN",
        "etc",
        "usr/bin",
        "usr/lib/berth-churn",
        "usr/sbin",
        "var/lib/berth-churn",
      ])
        await mkdir(join(top, place), { recursive: true });
      for (const file of [
        "etc/berth-churn",
        "usr/bin/berth-churn",
        "usr/lib/berth-churn/file",
        "usr/sbin/berth-churn",
        "var/lib/berth-churn/file",
      ])
        await writeFile(join(top, file), `version ${version}\n`);
      await writeFile(join(top, `usr/bin/only-${version}`), "");
      const control = `Package: berth-churn\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a tool\n`;
      await writeFile(join(top, "DEBIAN/control"), control);
      const deb = join(archive, `${version}.deb`);
      await run("dpkg-deb", ["--build", "--root-owner-group", top, deb]);
      const [size, digest] = [
        (await run("stat", ["--format=%s", deb])).stdout.trim(),
        (await run("sha256sum", [deb])).stdout.slice(0, 64),
      ];
      await writeFile(
        join(archive, "Packages"),
        `${control}Filename: ./${version}.deb\nSize: ${size}\nSHA256: ${digest}\n\n`,
        {
          flag: "a",
        },
      );
    }
    await engine.docker("cp", archive, `${name}:/srv/archive`);
    await inside(
      engine,
      name,
      "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] file:/srv/archive ./' >/etc/apt/sources.list",
    );
    await inside(engine, name, "apt-get update");
    const files = [
      "/etc/berth-churn",
      "/usr/bin/berth-churn",
      "/usr/lib/berth-churn/file",
      "/usr/sbin/berth-churn",
      "/var/lib/berth-churn/file",
    ];
    const steps = [
      ["install berth-churn=1", files, ["/usr/bin/only-2"]],
      ["install berth-churn", [...files, "/usr/bin/only-2"], ["/usr/bin/only-1"]],
      ["install --reinstall berth-churn", files, ["/usr/bin/only-1"]],
      ["purge berth-churn", [], [...files, "/usr/bin/only-2"]],
    ] as const;
    for (const [index, [words, there, gone]] of steps.entries()) {
      const brought: Item = { type: "f", mode: "755", owner: "0:0", lines: [`brought ${index}`] };
      for (const place of ["/etc", "/usr/bin", "/usr/lib", "/usr/sbin", "/var/lib"])
        await bringIn(engine, name, `${place}/brought`, brought, join(directory, name));
      const said = await inside(
        engine,
        name,
        `DEBIAN_FRONTEND=noninteractive apt-get -y ${words} 2>&1; dpkg --audit`,
      );
      expect(said).not.toMatch(/^(dpkg|E|W):/m);
      await sleep(1000);
      const out = join(directory, name, "out");
      await bringOut(engine, name, [...there, ...gone], out);
      const paths = [...there, ...gone];
      const seen = await seenBelow(out, paths);
      same(`after apt-get ${words}`, seen, await seenInside(engine, name, paths));
      expect(seen.filter((line) => / f 644 0:0$/.test(line))).toHaveLength(there.length);
    }
  });

  test("the mirrors are the ones of the beginning", async () => {
    for (const name of names) expect(await mountedFor(engine, name)).toEqual(["fuse.berth"]);
    await removeAll(engine);
  }, 300_000);
});
