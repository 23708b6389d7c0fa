import { isJsonObject } from "#json-object.ts";

/** A file or directory of the host that a machine is given. */
export interface Bind {
  readonly source: string;
  readonly readOnly: boolean;
}

/** The binds of a machine's specification, also as its label holds that. */
export function bindsOf(spec: { readonly volumes?: unknown } = {}): readonly Bind[] {
  const volumes: readonly unknown[] = Array.isArray(spec.volumes) ? spec.volumes : [];
  return volumes.flatMap((volume) => {
    if (!isJsonObject(volume) || volume.kind !== "bind" || typeof volume.source !== "string") return [];
    return [{ source: volume.source, readOnly: volume.readOnly === true }];
  });
}
