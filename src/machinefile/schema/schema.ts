import { imageType } from "#machinefile/keys/image.ts";
import { machineKeys, sharedKeys } from "#machinefile/keys/machine.ts";
import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import { networkKeys } from "#machinefile/keys/network.ts";
import { projectKeys } from "#machinefile/keys/project.ts";
import { mapSchema } from "#machinefile/type/map.ts";
import type { JsonSchema } from "#machinefile/type/value-type.ts";

/** The JSON Schema (draft 2020-12) of the machine file, for editors. */
export function machineFileJsonSchema(keys: MachineKeys = machineKeys): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "berth machine file",
    ...mapSchema(projectKeys, {
      network: orNull(mapSchema(networkKeys)),
      defaults: orNull(mapSchema(sharedKeys(keys))),
      images: orNull({ type: "object", additionalProperties: imageType.schema }),
      machines: { type: "object", additionalProperties: orNull(mapSchema(keys)) },
    }),
    required: ["machines"],
    patternProperties: { "^x-": {} },
  };
}

/** A map that may be written with nothing in it, as in `db:`. */
function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}
