import { type Comparison, differenceTarget, ratioTarget, seriesOf, type Target } from "./comparison.ts";
import { byHand, contender, shell, up } from "./machines.ts";
import { createPlace, docker, image, type Place } from "./place.ts";
import { type Contender, interleave, type Series, timed } from "./rounds.ts";

/** What a start costs on each engine that hosts have: the host's own, and those of later releases. */
export const startsByEngine: Comparison = {
  name: "starts, by engine",
  rounds: 10,
  async run(place, rounds) {
    const places = [place];
    try {
      for (const release of ["trixie", "sid"] as const) places.push(await createPlace(place.signal, release));
      const series = await interleave(places.flatMap(contendersOn), rounds, place.signal);
      return { series, targets: places.flatMap(({ engine }) => targetsOf(engine, series)) };
    } finally {
      await Promise.all(places.slice(1).map((newer) => newer.destroy()));
    }
  },
};

const namesOn = (engine: string) => ({
  runc: `${engine}: container, runc`,
  launcher: `${engine}: container, berth-runtime`,
  byHand: `${engine}: machine, docker run`,
  strict: `${engine}: machine, berth up, strict`,
  full: `${engine}: machine, berth up, full`,
});

/** A container and a machine on one engine, each beside its peer there. */
function contendersOn(place: Place): readonly Contender[] {
  const names = namesOn(place.engine);
  const container = (runtime: string) => () =>
    timed(() => place.run(docker, "run", "--rm", `--runtime=${runtime}`, image, "true"));
  const machine = (profile: "strict" | "full") => ({
    ...contender(place, names[profile], up(["alone"], "--profile", profile)),
    peer: names.byHand,
  });
  return [
    { name: names.runc, peer: names.runc, measure: container("runc") },
    { name: names.launcher, peer: names.runc, measure: container("berth") },
    { ...contender(place, names.byHand, shell(byHand(""), ["alone"])), peer: names.byHand },
    machine("strict"),
    machine("full"),
  ];
}

function targetsOf(engine: string, series: readonly Series[]): readonly Target[] {
  const names = namesOn(engine);
  const [runc, launcher, hand] = [names.runc, names.launcher, names.byHand].map((name) =>
    seriesOf(series, name),
  ) as [Series, Series, Series];
  return [
    differenceTarget(`${engine}: berth-runtime beside runc`, 3, launcher, runc),
    ...(["strict", "full"] as const).map((profile) =>
      ratioTarget(
        `${engine}: berth up, ${profile}, beside docker run`,
        1.05,
        seriesOf(series, names[profile]),
        hand,
      ),
    ),
  ];
}
