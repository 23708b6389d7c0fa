/**
 * The units of `systemctl list-units`, with what they are. All of a line fits, carriage returns too, so that
 * none is gone through again.
 */
export function parseUnits(list: string): readonly { readonly unit: string; readonly description: string }[] {
  return list.split("\n").flatMap((line) => {
    const [, unit, description = ""] = /^(\S+)\s+\S+\s+\S+\s+\S+\s*(.*)$/s.exec(line.trim()) ?? [];
    return unit === undefined ? [] : [{ unit, description }];
  });
}
