/** The addresses of the name servers of a resolv.conf(5), an interface after `%` included. */
export function parseNameServers(text: string): readonly string[] {
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, address = ""]) => address);
}
