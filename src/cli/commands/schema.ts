import { defineCommand } from "#cli/frame/command.ts";
import { renderJson } from "#cli/render/json.ts";
import { machineFileJsonSchema } from "#machinefile/schema/schema.ts";

export const command = defineCommand({
  name: "schema",
  summary: "Print the JSON Schema of berth.yaml",
  description: `
    Prints the schema with which editors complete and check berth.yaml.

    Editors with the YAML language server find it by the file's first line: # yaml-language-server:
    $schema=berth.schema.json`,
  examples: [{ command: "berth schema > berth.schema.json", description: "for your editor" }],
  async action(context) {
    const schema = machineFileJsonSchema();
    await context.result(schema, () => renderJson(schema));
    return undefined;
  },
});
