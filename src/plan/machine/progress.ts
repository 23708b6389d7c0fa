/**
 * What an engine does with a container: `making` and `removing` may have been requested by a killed client,
 * and the engine continues. `listed` is its state in a list, `known` its state by id; undefined if the engine
 * does not know the id. Docker before 23 lists a container before its files and volumes are complete, and
 * knows its id only after that (moby, daemon.create).
 */
export function progressOf(listed: string, known: string | undefined): "making" | "removing" | "through" {
  if (known === undefined) return listed === "created" ? "making" : "removing";
  return known === "removing" ? "removing" : "through";
}
