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
