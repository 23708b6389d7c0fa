/** The address that a hosts(5) file gives to a name; the first, if it has several. */
export function addressOf(name: string, hosts: string): string | undefined {
  const entries = hosts.split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  return entries.find(([, ...names]) => names.includes(name))?.[0];
}
