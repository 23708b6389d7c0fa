/** The results of one run of `bun test`, from its JUnit file and its output. */
export interface Report {
  readonly passed: number;
  readonly failed: readonly string[];
  /** Full names; each says in brackets what it needs: "… (needs groff)". */
  readonly skipped: readonly string[];
  /** Lines "skipped: REASON" that a test printed which could not do all it wanted. */
  readonly notes: readonly string[];
}

/**
 * Reads bun's JUnit report. A run that failed without a failed test, as one that crashed or could not load a
 * file, counts as one failure by the name `what`; so does a skipped test that does not say what it needs.
 */
export function parseReport(
  xml: string,
  run: { readonly what: string; readonly status: number; readonly output: string },
): Report {
  const cases = [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, attributes = "", body = ""]) => ({
      name: fullName(attributes),
      body,
    }),
  );
  const skipped = cases.filter(({ body }) => body.includes("<skipped")).map(({ name }) => name);
  const broken = cases.filter(({ body }) => /<(failure|error)\b/.test(body)).map(({ name }) => name);
  const mute = skipped
    .filter((name) => !/\(needs [^)]+\)/.test(name))
    .map((name) => `${name}: is skipped and does not say "(needs …)"`);
  const failed = [...broken, ...mute];
  if (run.status !== 0 && broken.length === 0) failed.push(`${run.what}: ended with status ${run.status}`);
  return {
    passed: cases.length - skipped.length - broken.length,
    failed,
    skipped,
    notes: [...run.output.matchAll(/^skipped: (.*)$/gm)].map(([, reason = ""]) => reason),
  };
}

/** `file > describe > test`. In classname bun gives the describes from the outside in. */
function fullName(attributes: string): string {
  const value = (name: string) => decode(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
  return [value("file"), value("classname"), value("name")].filter((part) => part !== "").join(" > ");
}

function decode(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(#(\d+)|\w+);/g, (all, name: string, code?: string) =>
    code === undefined ? (named[name] ?? all) : String.fromCodePoint(Number(code)),
  );
}

/** The totals, as the last line of `npm test` gives them. */
export function renderTotals(reports: readonly Report[]): string {
  const sum = (count: (report: Report) => number) =>
    reports.reduce((total, report) => total + count(report), 0);
  const skipped = sum((report) => report.skipped.length);
  const totals = `${sum((report) => report.passed)} passed, ${sum((report) => report.failed.length)} failed`;
  return skipped === 0 ? totals : `${totals}, ${skipped} skipped`;
}
