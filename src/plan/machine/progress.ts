/**
 * What an engine is at with a container: `making` and `removing` may be the word of one that was killed,
 * which the engine goes on with. `listed` is the state that a list tells, `known` the one that it is known by
 * itself with; undefined where the engine knows none of that id. Docker before 23 lists a container before
 * its files and volumes are whole, and knows it by its id only then (moby, daemon.create).
 */
export function progressOf(listed: string, known: string | undefined): "making" | "removing" | "through" {
  if (known === undefined) return listed === "created" ? "making" : "removing";
  return known === "removing" ? "removing" : "through";
}
