import { expect, test } from "bun:test";
import { isRoot } from "#lab/mount-namespace.ts";
import { base, staged } from "#lab/stage.ts";

test.skipIf(!isRoot)(
  "files made in a stage are the machine's root's, links and directories too (needs root)",
  async () => {
    const seen = await staged(
      `open(stage);
     const made = stageOwnFiles(stage, ${base}, (directory) => {
       mkdirSync(directory + "/masks/x", { recursive: true });
       symlinkSync("/dev/null", directory + "/masks/x/a.service");
       writeFileSync(directory + "/machine-id", "1");
       return directory;
     });
     const owners = ["", "/masks", "/masks/x", "/masks/x/a.service", "/machine-id"].map((name) => lstatSync(made + name).uid);
     return [made, owners, statSync("/dev/null").uid];`,
      "mkdir -p /run/state",
    );
    expect(seen).toEqual(["/run/state/stage/own", [base, base, base, base, base], 0]);
  },
);

test.skipIf(!isRoot)(
  "the machine's root writes none of them, whatever it remounts; it would elsewhere in the stage (needs root)",
  async () => {
    const seen = await staged(
      `open(stage);
     const fill = (directory) => {
       writeFileSync(directory + "/machine-id", "1");
       return directory;
     };
     mkdirSync(stage + "/control");
     const places = [stageOwnFiles(stage, ${base}, fill), fill(stage + "/control")];
     for (const name of ["", "/machine-id"]) chownSync(stage + "/control" + name, ${base}, ${base});
     const flags = "nosuid,nodev,noexec";
     const script = 'mount --bind "$1" /run/x && mount -o remount,bind,ro,' + flags + ' /run/x || exit;' +
       ' mount -o remount,bind,rw,' + flags + ' /run/x; echo 2 >/run/x/machine-id';
     const machine = beginUserNamespace();
     const machines = await machine.map([{ inside: 0, outside: ${base}, count: 65536 }]);
     machine.end();
     const enter = ["nsenter", "--user=/proc/" + process.pid + "/fd/" + machines, "--setuid=0", "--setgid=0"];
     return places.map((place) => {
       Bun.spawnSync([...enter, "unshare", "--mount", "sh", "-c", script, "sh", place], { stderr: "ignore" });
       return readFileSync(place + "/machine-id", "utf8");
     });`,
      "mkdir -p /run/state /run/x",
    );
    expect(seen).toEqual(["1", "2\n"]);
  },
);
