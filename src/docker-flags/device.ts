import { invalid } from "#machinefile/value/invalid.ts";
import { normalizePath } from "#machinefile/value/path.ts";
import { type Draft, host } from "./draft.ts";

/**
 * `--device`: `PATH[:PATH-INSIDE][:rwm]`, or a device's name in the Container Device Interface,
 * `VENDOR/CLASS=NAME`.
 */
export function parseDeviceFlag(text: string): Draft {
  if (/^[a-z][\w.-]*\/[a-z][\w-]*=[a-z0-9][\w.:-]*$/i.test(text)) return { cdiDevices: [text] };
  const [outside = "", second, third, ...more] = text.split(":");
  const isMode = third === undefined && second !== undefined && isDeviceMode(second);
  const inside = isMode ? undefined : second;
  const mode = isMode ? second : (third ?? "rwm");
  if (more.length > 0 || ![outside, inside ?? outside].every((path) => path.startsWith("/"))) {
    throw invalid("device", text, "PATH[:PATH-INSIDE][:rwm]; example: /dev/fuse:/dev/fuse:rw");
  }
  if (!isDeviceMode(mode))
    throw invalid("device", text, `example: /dev/fuse:/dev/fuse:rw; "${mode}" must be letters of rwm`);
  // The client tidies the last path, and only when no mode follows the second.
  const PathOnHost = inside === undefined ? normalizePath(outside) : outside;
  const PathInContainer =
    inside === undefined ? PathOnHost : third === undefined ? normalizePath(inside) : inside;
  return host({ Devices: [{ PathOnHost, PathInContainer, CgroupPermissions: mode }] });
}

/** `--device-cgroup-rule`: `TYPE MAJOR:MINOR MODE` (cgroup-v1, devices.txt). */
export function parseDeviceRule(text: string): string {
  if (!/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(text)) {
    throw invalid("device rule", text, 'example: "c 1:3 rwm" or "b *:* m"');
  }
  return text;
}

function isDeviceMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}
