import { inMounts } from "./mount-namespace.ts";

const moduleOf = (name: string) => JSON.stringify(import.meta.resolve(`#host/namespace/stage/${name}.ts`));

/** The host's id of the machine's root. */
export const base = 0x7000_0000;
/**
 * Lower directories /run/l/1 (below) and /run/l/2, an upper one, and what they are mounted as by an engine:
 * /run/l/merged.
 */
export const layers = `
  mkdir -p /run/l/1/etc /run/l/2 /run/l/u/diff /run/l/u/work /run/l/merged /run/state
  echo below >/run/l/1/etc/below; echo above >/run/l/2/above; chown 33:33 /run/l/2/above
  mount -t overlay -o lowerdir=/run/l/2:/run/l/1,upperdir=/run/l/u/diff,workdir=/run/l/u/work overlay /run/l/merged`;
const imports = `
  const { closeStage, openStage } = await import(${moduleOf("stage")});
  const { stageLayers, stageRoot: stageOwnRoot, tryLayers } = await import(${moduleOf("overlay")});
  const { stageOwnFiles } = await import(${moduleOf("own-files")});
  const { stageBind } = await import(${moduleOf("bind")});
  const { stageNetwork, stageSysfs } = await import(${moduleOf("network")});
  const { detachMount, forgetNames } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/syscalls.ts"))});
  const { beginUserNamespace } = await import(${JSON.stringify(import.meta.resolve("#host/namespace/user-namespace.ts"))});
  const { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, symlinkSync, writeFileSync } = await import("node:fs");
  const points = () => readFileSync("/proc/self/mountinfo", "utf8").split("\\n").flatMap((line) => {
    const point = line.split(" ")[4] ?? "";
    return /^\\/run\\/(state|l|tree)(\\/|$)/.test(point) ? [point] : [];
  }).sort();
  const stage = "/run/state/stage";
  const open = (stage) => openStage(stage, ${base});
  /** As a machine has it: the engine's own mount goes in between. */
  const takeEngines = () => { while (points().includes("/run/l/merged")) detachMount("/run/l/merged"); };
  const stageRoot = (stage, overlay, mapped) => {
    stageLayers(stage, overlay, mapped);
    takeEngines();
    stageOwnRoot(stage, overlay);
  };
  const free = { restricted: [], allRestricted: [] };
  const overlay = { lower: ["/run/l/2", "/run/l/1"], upper: "/run/l/u/diff", options: [] };
  const owner = (path) => { const { uid, gid } = statSync(path); return uid + ":" + gid; };
  const failure = (work) => { try { work(); return "none"; } catch ({ code, message }) { return { code, message }; } };
  const namespace = beginUserNamespace();
  const mapped = await namespace.map([{ inside: 0, outside: ${base}, count: 65536 }, { inside: 65536, outside: 0, count: 1 }]);
  namespace.end();
`;
/** Closes stages, from a moment on. */
export const closeAll = `
  const { closeStage } = await import(${moduleOf("stage")});
  const [begin, ...stages] = process.argv.slice(1);
  await Bun.sleep(Number(begin) - Date.now());
  for (const stage of stages) closeStage(stage);
`;
/** As inMounts, with the above at hand; what a test mounts in the stage is gone before /run is. */
export const staged = <T = unknown>(program: string, before = layers) =>
  inMounts<T>(imports + program, before);
