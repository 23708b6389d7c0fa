/**
 * A comma list as the loader's labels hold it: an item that holds a comma, a quote, a backslash or white
 * space, or nothing at all, stands in double quotes, with `\` before `"` and `\`.
 */
export function renderList(items: readonly string[]): string {
  return items
    .map((item) => (/^[^\s,"'\\]+$/.test(item) ? item : `"${item.replace(/["\\]/g, "\\$&")}"`))
    .join(",");
}
