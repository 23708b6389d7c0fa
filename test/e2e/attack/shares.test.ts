import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { patient } from "#lab/wait-for.ts";
import { attackFrom, attackFromHost, bootBoth, mighty, prisoner, systemCalls } from "#support/attack.ts";
import { booted, inside, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("attacks from what is shared (needs root)", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-outside-"));
    await mkdir(join(directory, "shared"));
    for (const file of ["letter", "shared/letter"]) await writeFile(join(directory, file), `dear ${file}\n`);
    const shares = ["-v", `${join(directory, "shared")}:/shared`, "-v", "common:/common"];
    await Promise.all(
      views.map(async (view) => {
        await bootBoth(node(view), "bookworm", ...shares);
        await runMachine(
          node(view),
          "neighbour",
          "bookworm",
          "-e",
          "BERTH_PROFILE=full",
          "-v",
          "common:/common",
          "-v",
          "own:/own",
        );
        expect(await booted(node(view), "neighbour")).toBe("running");
        await inside(node(view), "neighbour", "echo mine >/own/letter; echo ours >/common/letter");
      }),
    );
  }, patient(80_000));
  afterAll(() => rm(directory, { recursive: true }));

  test.each(views)(
    "on %s a file handle opens nothing beside a directory or volume that it shares",
    async (view) => {
      const mountpoint = (
        await node(view).docker("volume", "inspect", "--format", "{{.Mountpoint}}", "own")
      ).stdout.trim();
      const handleOf = async (path: string) => {
        const perl = `my $handle = pack("L", 128) . "\\0" x 132; my $id = "\\0" x 8; my $path = "${path}";
        syscall(${systemCalls.name_to_handle_at}, -100, $path, $handle, $id, 0) == 0 or die "$!"; print "GOT ", unpack("H*", $handle), "\\n";`;
        return (await attackFromHost(node(view), { perl })).got[0];
      };
      const [beside, foreign] = [
        await handleOf(join(directory, "letter")),
        await handleOf(join(mountpoint, "letter")),
      ];
      const perl = `
      sub peek { my ($name, $point, $hex) = @_; opendir(my $mount, $point) or die; my $handle = pack("H*", $hex);
        attempt($name, syscall(${systemCalls.open_by_handle_at}, fileno($mount), $handle, O_RDONLY)); }
      peek("beside the directory", "/shared", "${beside}");
      peek("another volume", "/common", "${foreign}");
      peek("by the root", "/", "${foreign}");
      peek("by a file of the engine's", "/shared", "${foreign}");`;
      const attacker = await attackFrom(node(view), prisoner, { perl });
      const names = ["beside the directory", "another volume", "by the root", "by a file of the engine's"];
      expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({ got: [], refused: names });
      expect((await attackFrom(node(view), mighty, { perl })).got).toEqual(
        expect.arrayContaining(names.slice(0, 2)),
      );
    },
  );

  test.each(views)("on %s volumes share what they share and nothing else", async (view) => {
    const shell = `
      try "what is shared" grep -qx ours /common/letter
      ln -sf /own/letter /common/way; ln -sf ${directory}/letter /shared/way
      try "a link into another's volume" cat /common/way
      try "a link out of the directory" cat /shared/way
      try "the parent directory" cat /shared/../letter
      for path in $(sed -n 's/.*lowerdir=\\([^:,]*\\).*upperdir=\\([^,]*\\).*/\\1 \\2/p' /proc/self/mountinfo) $(cut -d' ' -f4 /proc/self/mountinfo | grep -E '^/.+/'); do
        [ ! -d "$path" ] || got "$path"
      done
      mkdir -p /run/look; try "an overlay of the host's directory" mount -t overlay -o lowerdir=${directory}:/shared overlay /run/look
      rm /shared/way /common/way`;
    const attacker = await attackFrom(node(view), prisoner, { shell });
    const names = [
      "a link into another's volume",
      "a link out of the directory",
      "the parent directory",
      "an overlay of the host's directory",
    ];
    expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({
      got: ["what is shared"],
      refused: names,
    });
    const control = await attackFromHost(node(view), {
      shell: `ln -s ${directory}/letter ${directory}/shared/way; try "a link" cat ${directory}/shared/way; rm ${directory}/shared/way`,
    });
    expect(control.got).toEqual(["a link"]);
  });

  test.each(views)("on %s it sets no attribute by which an overlay leads elsewhere", async (view) => {
    const perl = `mkdir "/root/way"; my ($file, $value) = ("/root/way", "/etc");
      for my $name ("trusted.overlay.redirect", "trusted.overlay.opaque", "trusted.berth") { my $attribute = $name; attempt($name, syscall(${systemCalls.setxattr}, $file, $attribute, $value, 4, 0)); }`;
    const attacker = await attackFrom(node(view), prisoner, { perl });
    const names = ["trusted.overlay.redirect", "trusted.overlay.opaque", "trusted.berth"];
    expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({ got: [], refused: names });
    expect((await attackFrom(node(view), mighty, { perl })).got).toContain("trusted.berth");
  });

  test.each(views)("on %s no command run in it brings a descriptor of the host's along", async (view) => {
    const climb = `${"../".repeat(20)}${join(directory, "letter").slice(1)}`;
    const looks = Array.from({ length: 12 }, (_, index) => index + 3).map(async (descriptor) => {
      const { status, stdout } = await node(view).tryDocker(
        "exec",
        "--workdir",
        `/proc/self/fd/${descriptor}`,
        prisoner,
        "cat",
        climb,
      );
      return status === 0 ? stdout : "";
    });
    expect((await Promise.all(looks)).join("")).toBe("");
    expect((await node(view).run("sh", "-c", `cd ${directory}/shared && cat ${climb}`)).stdout).toBe(
      "dear letter\n",
    );
    // Its init has none either: what is open there is in the machine.
    const open = await inside(
      node(view),
      prisoner,
      "for fd in /proc/1/fd/*; do readlink -f $fd; done | grep ^/ | sort -u",
    );
    expect(open.split("\n").filter((path) => /berth|docker|containerd|overlay2/.test(path))).toEqual([]);
  });
});
