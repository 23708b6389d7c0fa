import type { Outcome, Target } from "./comparison.ts";
import { median, medianRatio, quantile, type Series } from "./rounds.ts";

/**
 * One comparison as a table of 80 columns: median, the middle half of the times, and the ratio to its peer,
 * which is the first if it names none.
 */
export function renderOutcome(name: string, { series }: Outcome): string {
  const [first] = series;
  if (first === undefined) return "";
  const head = row(`  ${first.samples.length} rounds`, "median", "middle half", "ratio");
  const rows = series.map((one) => {
    const peer = one.peer === undefined ? first : series.find((other) => other.name === one.peer);
    return renderSeries(one, peer === one ? undefined : peer);
  });
  return [name, head, ...rows, ""].join("\n");
}

function renderSeries(series: Series, peer: Series | undefined): string {
  const { name, samples } = series;
  const half = `${milliseconds(quantile(samples, 0.25))} – ${milliseconds(quantile(samples, 0.75))}`;
  return row(
    `  ${name}`,
    `${milliseconds(median(samples))} ms`,
    half,
    peer === undefined ? "" : medianRatio(series, peer).toFixed(2),
  );
}

function row(name: string, middle: string, half: string, ratio: string): string {
  return `${name.padEnd(44)}${middle.padStart(12)}${half.padStart(17)}${ratio.padStart(7)}`.trimEnd();
}

/** Three digits or so: what lies beyond is noise. */
function milliseconds(time: number): string {
  return time.toFixed(time < 10 ? 2 : time < 100 ? 1 : 0);
}

export function renderTarget({ text, figure, limit, unit, met }: Target): string {
  const shown =
    unit === "times"
      ? [`${figure.toFixed(2)}×`, `${limit}×`]
      : [`${milliseconds(figure)} ${unit}`, `${limit} ${unit}`];
  return `${met ? "met   " : "missed"}  ${text.padEnd(51)}${shown[0]?.padStart(8)}, at most ${shown[1]}`;
}
