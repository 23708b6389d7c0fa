import { parseArgs } from "node:util";
import type { CgroupView } from "#host/embedded-engine/options.ts";
import { createLab } from "#lab/lab.ts";
import { labEngineRoot } from "#lab/lab-image.ts";

// `npm run lab`: engines to try things on by hand, until Ctrl-C.
const usage =
  "usage: npm run lab -- [--nodes N] [--view hybrid|v2] [--engine bookworm|trixie|sid] [--uplink]";

interface Flags {
  readonly nodes: number;
  readonly cgroupView: CgroupView;
  readonly engine: "bookworm" | "trixie" | "sid";
  readonly uplink: boolean;
}

function readFlags(): Flags {
  const { values } = parseArgs({
    options: {
      nodes: { type: "string", default: "1" },
      view: { type: "string", default: "hybrid" },
      engine: { type: "string", default: "bookworm" },
      uplink: { type: "boolean", default: false },
    },
  });
  const { nodes, view, engine, uplink } = values;
  if (!/^[1-9]$/.test(nodes)) throw new Error("--nodes takes 1 to 9");
  if (view !== "hybrid" && view !== "v2") throw new Error("--view takes hybrid or v2");
  if (engine !== "bookworm" && engine !== "trixie" && engine !== "sid")
    throw new Error("--engine takes bookworm, trixie or sid");
  return { nodes: Number(nodes), cgroupView: view === "v2" ? "v2" : "host", engine, uplink };
}

function flagsOrExit(): Flags {
  try {
    return readFlags();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}

const { nodes, cgroupView, engine, uplink } = flagsOrExit();
// bookworm is the host's own dockerd; others have roots of their own.
const root = engine === "bookworm" ? {} : { rootDirectory: await labEngineRoot(engine) };
const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
const lab = await createLab({
  nodes: names.map((name) => ({ name, cgroupView, uplink, ...root })),
  wire: true,
});
for (const node of lab.nodes)
  console.log(`export DOCKER_HOST=${node.socket}  # ${node.name}, ${node.address}, init ${node.pid}`);
console.log("Ctrl-C takes it down.");

await new Promise<void>((resolve) => {
  // A timer keeps the process; signal handlers alone do not.
  const awake = setInterval(() => undefined, 1 << 30);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      clearInterval(awake);
      resolve();
    });
  }
});
await lab.destroy();
