import type { Guest } from "#contract/guest.ts";
import { BerthError } from "#errors.ts";
import { byRuntime, type ChosenApplier, chooseByApi } from "#plan/machine/applier.ts";
import { isByRuntime, type LoaderTask, shortName } from "./loader-task.ts";

const unnamed =
  "only /etc/hostname holds the machine's host name: to apply it, init needs SYS_ADMIN or berth-runtime";

/**
 * How a loader's machine gets what its init needs: by berth-runtime, else by what the Engine API has. Throws
 * `host-unfit` for an image without berth-runtime.
 */
export function chooseApplier({
  self,
  spec,
  info,
  guest,
}: Pick<LoaderTask, "self" | "spec" | "info"> & { guest: Guest | undefined }): ChosenApplier {
  if (isByRuntime(spec, info)) return byRuntime;
  if (guest === undefined) {
    throw new BerthError("host-unfit", "to run an image, the loader needs berth-runtime on its node", {
      hint: "berth install runtime",
    });
  }
  // The folder's own id stays; without one the init takes what the environment says, and keeps it in the
  // folder.
  const own =
    guest.machineId !== undefined && /^[0-9a-f]{32}$/.test(guest.machineId)
      ? guest.machineId
      : self.Id.slice(0, 32);
  const chosen = chooseByApi(info, guest, {
    ...spec,
    shmSize: spec.flags.body.HostConfig?.ShmSize,
    lxcfs: false,
    name: shortName(self),
    machineId: own,
  });
  return spec.hostname === undefined || spec.profile === "privileged"
    ? chosen
    : { ...chosen, warnings: [...chosen.warnings, unnamed] };
}
