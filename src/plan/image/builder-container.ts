import type { CreateBody } from "#api/create-body.ts";
import { label } from "#labels/machine.ts";

/** Seconds after which a container ends by itself, which also removes it, if a killed berth left it. */
const longest = 4 * 3600;

/** What dpkg, apt and mmdebstrap need of root's rights, all within the container. */
const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID"];

/** Why a container is made: to install mmdebstrap in it, or to build a root. */
export type BuilderTask = "install" | "build";

/** A container of a builder's, as the engine is to know it. */
export interface BuilderContainer {
  readonly name: string;
  readonly task: BuilderTask;
  /** This process, by `markSelf`. */
  readonly madeBy: string;
}

/**
 * A container that waits for commands: the engine's network, none of the host's files. To build, it may mount
 * /proc and the like, which AppArmor and SELinux forbid to containers. `buildCommand` keeps that right from
 * what packages run. `security` is the engine's, as its info has it.
 */
export function renderBuilderContainer(
  image: string,
  { name, task, madeBy }: BuilderContainer,
  security: readonly string[],
): CreateBody {
  const builds = task === "build";
  const lifted = confinements.filter(([name]) => security.some((option) => option.split(",")[0] === name));
  return {
    Image: image,
    Entrypoint: [],
    Cmd: ["sleep", String(longest)],
    User: "0:0",
    WorkingDir: "/",
    Healthcheck: { Test: ["NONE"] },
    Labels: { [label.builder]: name, [label.builderProcess]: madeBy },
    HostConfig: {
      AutoRemove: true,
      CapDrop: ["ALL"],
      CapAdd: builds ? [...capabilities, "SYS_ADMIN", "SYS_CHROOT"] : capabilities,
      SecurityOpt: ["no-new-privileges", ...(builds ? lifted.map(([, option]) => option) : [])],
    },
  };
}

/** What forbids mounts, as the engine's info calls it, and the option without it. */
const confinements = [
  ["name=apparmor", "apparmor=unconfined"],
  ["name=selinux", "label=disable"],
] as const;
