import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type VmStore, type VmSuite, vmStores, vmSuites } from "#lab/vm/recipe.ts";
import { testEnvironment, top } from "./test/run.ts";
import { isGood, show, summarize } from "./test/show.ts";
import { findTestFiles } from "./test/suites.ts";
import { prepareVm, runInVm } from "./test/vm.ts";
import { chooseVmFiles, vmFiles } from "./test/vm-files.ts";

// `npm run test:vm [-- PATTERN…] [--suite trixie|sid] [--store overlay2|containerd]`: the tests that a host
// like people's can run, in a VM; see test/README.md.
const usage = "usage: npm run test:vm [-- PATTERN…] [--suite trixie|sid] [--store overlay2|containerd]";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      suite: { type: "string", default: "sid" },
      store: { type: "string", default: "overlay2" },
    },
  });
  const { suite, store } = values;
  if (!vmSuites.includes(suite as VmSuite) || !vmStores.includes(store as VmStore)) {
    console.error(usage);
    return 2;
  }
  if (process.arch !== "x64") {
    console.error("The VM is one of x86_64, and so must this host be.");
    return 2;
  }
  const files = chooseVmFiles(await findTestFiles(), vmFiles, positionals);
  if (files.length === 0) {
    console.log(`No test file of the VM's has ${positionals.join(" or ")} in its path.`);
    return 1;
  }
  const build = spawnSync(process.execPath, [join(top, "scripts/build.ts")], { stdio: "inherit" });
  if (build.status !== 0) return 1;
  process.env.BERTH_CACHE = testEnvironment().BERTH_CACHE;
  const run = { suite: suite as VmSuite, store: store as VmStore, files };
  const reports = await runInVm(await prepareVm(run), run, show);
  summarize(reports);
  return isGood(reports) ? 0 : 1;
}

process.exit(await main());
