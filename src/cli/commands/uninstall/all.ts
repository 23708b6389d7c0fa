import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { ownCache } from "#cli/options/cache.ts";
import { engineConfig, engineOptions } from "#cli/options/engine-options.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { formatSize } from "#cli/render/size.ts";
import { plainText } from "#cli/render/text.ts";
import { confirm } from "#cli/terminal/confirm.ts";
import { readInfo } from "#engine/system.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { requireRoot } from "#host/process/require-root.ts";
import { refuseWhileMachines, uninstallRuntime } from "#ops/engine/install-runtime.ts";
import { type Belongings, findBelongings, removeBelongings } from "#ops/machine/belongings.ts";
import { hasRuntime } from "#plan/machine/berth-runtime.ts";

/** One thing to remove. */
interface Part {
  readonly kind: "container" | "network" | "image" | "state" | "root" | "runtime";
  /** The engine's name for it, or a path. */
  readonly name: string;
  /** Bytes. */
  readonly size?: number;
}

export const all = defineCommand({
  name: "all",
  summary: "Remove everything berth made except machines",
  description: `
    Removes from the engine the images that berth built, the loader's image, networks without containers, and
    leftovers of crashes; from this host the roots that images were built from; and, if the engine is this
    host's, berth-runtime, as \`berth uninstall runtime\` does.

    Removes only what berth made, as berth made it. What you made from it stays: images FROM a built-in one,
    commits of machines, images of your own tarballs, named volumes. Fails while the engine has machines. Asks
    first, unless you give --yes.`,
  options: {
    ...engineOptions,
    yes: { short: "y", description: "do not ask" },
    dryRun: { description: "show what would be removed and do nothing" },
  },
  examples: [
    { command: "berth uninstall all --dry-run", description: "what would go" },
    { command: "berth uninstall all", description: "leave nothing of berth but the program" },
  ],
  async action(context, _args, { yes, dryRun, ...options }) {
    const { signal } = context;
    const engine = await openContextEngine(context);
    await refuseWhileMachines(engine);
    const place = {
      pid: engine.endpoint.kind === "unix" ? await findEngineProcess(engine.endpoint.path) : undefined,
      cache: ownCache(context),
      signal,
    };
    const belongings = await findBelongings(engine, place);
    const isHere = [place.pid, options.enginePid, options.engineConfig].some((known) => known !== undefined);
    const isRegistered = isHere && hasRuntime(await readInfo(engine, { signal }));
    const config = isRegistered ? await engineConfig(context, options) : undefined;
    const parts = partsOf(belongings, config?.file);
    if (dryRun || parts.length === 0) return await show(context, parts);
    if (!yes) {
      for (const part of parts) context.note(renderPart(part));
      const hint = "use --yes to remove it, or --dry-run to see what would go";
      await confirm(context, {
        what: parts.length === 1 ? "this" : `these ${parts.length} things that berth made`,
        hint,
      });
    }
    if (config !== undefined && !config.isRootless) requireRoot("removing the runtime");
    const kept = await removeBelongings(engine, belongings, place);
    const change = config && (await uninstallRuntime(config, false));
    const removed = parts.filter(({ name }) => !kept.includes(name));
    await context.result({ removed, kept }, () => "");
    for (const part of removed) context.note(renderPart(part).replace(/^remove/, "removed"));
    for (const warning of change?.warnings ?? []) context.warn(warning);
    for (const name of kept) context.note(`${plainText(name)} stays: something else needs it`);
    return undefined;
  },
});

async function show(context: Context, parts: readonly Part[]): Promise<undefined> {
  await context.result(parts, () => parts.map((part) => `${renderPart(part)}\n`).join(""));
  if (parts.length === 0) context.note("nothing to remove");
  return undefined;
}

function partsOf(
  { images, networks, leftovers, roots }: Belongings,
  configFile: string | undefined,
): readonly Part[] {
  return [
    ...[...leftovers.probes, ...leftovers.builders].map((name) => ({ kind: "container", name }) as const),
    ...networks.map(({ name }) => ({ kind: "network", name }) as const),
    ...images.map(({ reference, size }) => ({ kind: "image", name: reference, size }) as const),
    // As the engine's host calls them, not as they are reached through its process.
    ...leftovers.states.map(
      (state) => ({ kind: "state", name: state.replace(/^\/proc\/\d+\/root/, "") }) as const,
    ),
    ...roots.map((name) => ({ kind: "root", name }) as const),
    ...(configFile === undefined ? [] : [{ kind: "runtime", name: configFile } as const]),
  ];
}

const called: Readonly<Record<Part["kind"], string>> = {
  container: "the container",
  network: "the network",
  image: "the image",
  state: "the leftovers of a removed machine in",
  root: "the file",
  runtime: "the runtime berth from",
};

function renderPart({ kind, name, size }: Part): string {
  return `remove ${called[kind]} ${plainText(name)}${size === undefined ? "" : ` (${formatSize(size)})`}`;
}
