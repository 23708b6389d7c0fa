const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes for people: `512 MiB`, `1.5 GiB`, `0 B`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would be printed as 1024.
  while (Math.abs(value) >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 ? value.toFixed(0) : value.toFixed(Math.abs(value) < 99.95 ? 1 : 0);
  return `${digits.replace(/\.0$/, "")} ${units[unit]}`;
}
