/**
 * The step in a line of mmdebstrap's ("I: installing essential packages..."); undefined for its housekeeping.
 */
export function parseStep(line: string): string | undefined {
  const match = /^I: (.*)\.\.\.$/.exec(line);
  return match === null || /tempdir|signed-by|received signal/.test(match[1] ?? "") ? undefined : match[1];
}

/**
 * The last five lines of a failed builder's output that tell why: what apt (`E:`, `W:`, `Err:1`) and dpkg
 * say, rather than mmdebstrap's farewell, or what it does without in a container.
 */
export function tellingLines(lines: readonly string[]): readonly string[] {
  const telling = lines.filter((line) => message.test(line) && !beside.test(line));
  return (telling.length > 0 ? telling : lines).slice(-5);
}

const message = /^(?:[EW]: |Err:\d+ |dpkg: )/;
const beside = /^(?:E: (?:mmdebstrap failed|apt-get .* failed$)|W: (?:cannot mount|skipping) )/;
