import { installCommand, type PackageManager } from "#linux/package.ts";

/** The image in whose container roots are built where this host cannot, as the engine would pull it. */
export const defaultBuilderBase = "debian:trixie-slim";

export interface BuilderFacts {
  /** Whether mmdebstrap is installed where berth runs. */
  readonly mmdebstrap: boolean;
  /** The file with the archive's keys, and whether it is where berth runs. */
  readonly keyring: { readonly path: string; readonly present: boolean };
  /** Debian's names: of the processor where berth runs, and of the engine's. */
  readonly architecture: { readonly here: string; readonly engine: string };
  /** BERTH_BUILDER_IMAGE. */
  readonly named: string | undefined;
}

/** What builds a root. */
export type BuilderChoice =
  | { readonly where: "host" }
  | {
      readonly where: "container";
      /** The image that mmdebstrap is installed in. */
      readonly base: string;
      /** Why not this host, as half a sentence. */
      readonly because: string;
    };

/**
 * This host's mmdebstrap where it can build the root, else one in a container of the engine. An image that is
 * named is always used.
 */
export function planBuilder({ mmdebstrap, keyring, architecture, named }: BuilderFacts): BuilderChoice {
  const inContainer = (because: string): BuilderChoice => ({
    where: "container",
    base: named ?? defaultBuilderBase,
    because,
  });
  if (named !== undefined) return inContainer("BERTH_BUILDER_IMAGE is set");
  if (architecture.here !== architecture.engine)
    return inContainer(`this host is ${architecture.here}, the engine ${architecture.engine}`);
  if (!mmdebstrap) return inContainer("mmdebstrap is not installed here");
  if (!keyring.present) return inContainer(`this host has no ${keyring.path}`);
  return { where: "host" };
}

/** "by mmdebstrap" or "in a container of debian:trixie-slim (mmdebstrap is not installed here)". */
export function renderBuilder(choice: BuilderChoice): string {
  return choice.where === "host" ? "by mmdebstrap" : `in a container of ${choice.base} (${choice.because})`;
}

/** What to do where neither this host nor the engine can build, in the words of this host's distribution. */
export function renderNoBuilderHint(manager: PackageManager | undefined): string {
  const install = installCommand("mmdebstrap", manager);
  return (
    `${install === undefined ? "Have" : `Run \`${install}\`, or have`} the engine get an image of Debian ` +
    "(`docker pull`, `docker load`) and name it with BERTH_BUILDER_IMAGE, or give a root's tarball."
  );
}
