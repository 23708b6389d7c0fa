import { ok, warn } from "./check.ts";
import type { Check, EngineFacts } from "./doctor-facts.ts";

type Kind = Pick<EngineFacts, "packaging" | "operatingSystem" | "securityOptions">;

/** What the way in which the engine was installed and is run takes away from machines. */
export function checkEngineKind(engine: Kind): Check {
  const [id, title] = ["engine-kind", "Kind of engine"];
  const found = limitsOf(engine);
  if (found === undefined) return ok(id, title, "run by root, with the host's own ids");
  return warn(id, title, found.detail, found.hint);
}

function limitsOf({
  packaging,
  operatingSystem,
  securityOptions,
}: Kind): { readonly detail: string; readonly hint: string } | undefined {
  if (packaging === "snap")
    return {
      detail: "Docker from snap runs no programs of this host: berth-runtime cannot be installed",
      hint: "install the distribution's or Docker's own packages (snap remove docker)",
    };
  if (operatingSystem === "Docker Desktop")
    return {
      detail: "Docker Desktop runs in a virtual machine: berth-runtime cannot be installed there",
      hint: "use a Docker engine on Linux (docs/install.md)",
    };
  const has = (name: string) => securityOptions.some((option) => option.split(",").includes(`name=${name}`));
  if (has("rootless"))
    return {
      detail:
        "rootless: machines are strict, all in one user namespace; their limits need controllers that " +
        "systemd delegates to the user; the host does not reach their addresses, only published ports",
      hint: "install the runtime with --in-place, as the engine's user (docs/install.md)",
    };
  if (has("userns"))
    return {
      detail: "userns-remap: machines are strict, all in one user namespace with one range of ids",
      hint: 'remove userns-remap from daemon.json: profile "full" gives each machine a range of its own',
    };
  return undefined;
}
