import { parseCapability } from "#linux/capability.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { parseDeviceFlag, parseDeviceRule } from "./device.ts";
import { type Draft, host } from "./draft.ts";
import { type Flag, toggle, valued } from "./flag.ts";
import { parseGpusFlag } from "./gpus.ts";
import { parseChoice, splitAssignment } from "./literal.ts";

/** Capabilities, devices and namespaces of the container. */
export const securityFlags: readonly Flag[] = [
  toggle("privileged", (Privileged) => host({ Privileged })),
  valued("cap-add", (text) => host({ CapAdd: [parseCapabilityFlag(text)] })),
  valued("cap-drop", (text) => host({ CapDrop: [parseCapabilityFlag(text)] })),
  valued("security-opt", parseSecurityFlag),
  valued("device", parseDeviceFlag),
  valued("device-cgroup-rule", (text) => host({ DeviceCgroupRules: [parseDeviceRule(text)] })),
  valued("gpus", (text) => host({ DeviceRequests: [parseGpusFlag(text)] })),
  valued("sysctl", (text) => host({ Sysctls: parseSysctl(text) })),
  valued("cgroup-parent", (CgroupParent) => host({ CgroupParent })),
  valued("cgroupns", (text) => host({ CgroupnsMode: parseChoice(text, ["", "host", "private"]) })),
  valued("ipc", (text) =>
    host({ IpcMode: parseNamespace(text, ["", "none", "private", "host", "shareable"]) }),
  ),
  valued("pid", (text) => host({ PidMode: parseNamespace(text, ["", "host"]) })),
  valued("userns", (text) => host({ UsernsMode: parseChoice(text, ["", "host"]) })),
  valued("uts", (text) => host({ UTSMode: parseChoice(text, ["", "host"]) })),
];

/** Keep the letter case and prefix as written: older engines store them so, newer ones normalize them. */
function parseCapabilityFlag(text: string): string {
  const name = text.trim().replaceAll("-", "_");
  if (!/^(?:CAP_)?ALL$/i.test(name)) parseCapability(name);
  return name;
}

/** One of the modes, or the namespace of `container:NAME`. */
function parseNamespace(text: string, modes: readonly string[]): string {
  if (/^container:[^:]+$/.test(text)) return text;
  return parseChoice(
    text,
    [...modes, "container:NAME"].filter((mode) => mode !== text || mode !== "container:NAME"),
  );
}

/** `--security-opt`: `KEY=VALUE`, `KEY:VALUE` as it was once written, or no-new-privileges alone. */
function parseSecurityFlag(text: string): Draft {
  // The docker client handles this one itself: it requests empty lists of masked and read-only paths.
  if (text === "systempaths=unconfined") return host({ MaskedPaths: [], ReadonlyPaths: [] });
  const [, key, value] = /^([^=:]*)[=:](.+)$/s.exec(text) ?? [];
  if (key === undefined && text !== "no-new-privileges")
    throw invalid("security option", text, "example: seccomp=unconfined or no-new-privileges");
  if (key === "seccomp" && value !== "unconfined" && value !== "builtin") {
    throw invalid(
      "security option",
      text,
      "seccomp=unconfined or seccomp=builtin; the docker client reads the file of any other profile",
    );
  }
  return host({ SecurityOpt: [text] });
}

/**
 * A sysctl that belongs to one of the container's namespaces (docker run, "Configure namespaced kernel
 * parameters").
 */
function parseSysctl(text: string): Readonly<Record<string, string>> {
  const [name, value] = splitAssignment(text);
  const isNamespaced =
    /^(?:net\.|fs\.mqueue\.|kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$)/.test(
      name,
    );
  if (!isNamespaced || !text.includes("="))
    throw invalid("sysctl", text, "example: net.ipv4.ip_forward=1; must be a namespaced kernel parameter");
  return { [name]: value };
}
