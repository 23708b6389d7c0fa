import { resolve } from "node:path";
import { type Guest, type MachineFiles, parseGuest } from "#contract/guest.ts";
import { isInitPath } from "#contract/init.ts";
import type { Profile } from "#contract/profiles.ts";
import { BerthError } from "#errors.ts";
import { type EngineRecord, readEngineRecord } from "#host/facts/engine-record.ts";
import { machineFiles } from "#host/files/machine-files.ts";
import { environmentOf, nameHost, type OciConfig, ownsNamespace } from "#oci/config.ts";
import { mountedFiles } from "#oci/engine-files.ts";
import { withoutEngineInit } from "#oci/engine-init.ts";
import { checkTold, withoutImageRequest } from "#oci/image-request.ts";
import { parseConfig } from "#oci/json.ts";
import { requestedHostname, requestedProfile } from "#plan/machine/runtime-request.ts";
import { readBundleConfig } from "./bundle-config.ts";

/** A container that is to boot, by its bundle. */
export interface MachineContainer {
  /** Its config.json to the byte, as the bundle's maker wrote it. */
  readonly text: string;
  /** The same without the engine's own init and the image's requests, and with the requested host name. */
  readonly config: OciConfig;
  readonly rootPath: string;
  /** Its files with all that is mounted over them, but for the engine's own. */
  readonly files: MachineFiles;
  readonly guest: Guest;
  readonly record: EngineRecord | undefined;
  /** The host name that was asked for; undefined also where its name is another's. */
  readonly hostname: string | undefined;
  readonly profile: Profile | undefined;
  /** Ignored requests of its image, as NAME=VALUE. */
  readonly ignored: readonly string[];
}

/**
 * Reads a bundle's container; undefined if it is not a machine. Throws `no-init` if its command is an init
 * that the image lacks, `not-found` and `usage` if its requests are unreadable.
 */
export function readContainer(bundle: string, id: string): MachineContainer | undefined {
  const text = readBundleConfig(bundle);
  const written = parseConfig(text) as OciConfig;
  const rootPath = resolve(bundle, written.root.path);
  const record = readEngineRecord(rootPath, id);
  const bare = withoutEngineInit(written) ?? written;
  const { config, ignored } =
    record === undefined ? { config: bare, ignored: [] } : withoutImageRequest(bare, record);
  if (isDisabled(config)) return undefined;
  const files = machineFiles(rootPath, mountedFiles(config, id));
  const reading = parseGuest(config.process.args, files);
  if ("missing" in reading) {
    if (reading.missing === "program" && isInitPath(config.process.args[0])) throw noInit(config);
    return undefined;
  }
  if (record !== undefined) checkTold(record, ignored);
  const profile = requestedProfile(config);
  const requested = requestedHostname(config);
  const hostname = ownsNamespace(config, "uts") ? requested : undefined;
  return {
    text,
    config: hostname === undefined ? config : nameHost(config, hostname),
    rootPath,
    files,
    guest: reading.guest,
    record,
    hostname,
    profile,
    ignored,
  };
}

/** oci-systemd-hook's switch, which its users have in their scripts, and our own. */
function isDisabled(config: OciConfig): boolean {
  return [environmentOf(config, "oci-systemd-hook"), environmentOf(config, "BERTH_RUNTIME")].some(
    (value) => value?.toLowerCase() === "disabled",
  );
}

function noInit({ process }: OciConfig): BerthError {
  return new BerthError("no-init", `this image has no init: ${process.args[0]} does not exist in it`, {
    hint: "install the distribution's init in the image (Debian: systemd-sysv)",
  });
}
