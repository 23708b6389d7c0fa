/**
 * The path, below a hierarchy's root, of the cgroup that a runtime makes for config.json's
 * `linux.cgroupsPath`: an absolute path as it is, or the systemd driver's `slice:prefix:name` as systemd
 * nests slices (systemd.slice(5): a-b.slice lies in a.slice). Undefined for a relative or missing one: there
 * the runtime chooses.
 */
export function parseCgroupsPath(cgroupsPath: string | undefined): string | undefined {
  if (cgroupsPath === undefined || cgroupsPath === "") return undefined;
  if (cgroupsPath.startsWith("/")) return cgroupsPath;
  const [slice, prefix, name] = cgroupsPath.split(":");
  if (prefix === undefined || name === undefined) return undefined;
  const unit = name.endsWith(".slice") ? name : `${prefix === "" ? "" : `${prefix}-`}${name}.scope`;
  return `${slicePath(slice === undefined || slice === "" ? "system.slice" : slice)}/${unit}`;
}

function slicePath(slice: string): string {
  if (slice === "-.slice") return "";
  const parts = slice.replace(/\.slice$/, "").split("-");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}
