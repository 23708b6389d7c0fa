import { type CommandGroup, defineCommand } from "#cli/frame/command.ts";
import type { Context, View } from "#cli/frame/context.ts";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { startEmbeddedEngine } from "#host/embedded-engine/start.ts";
import { type EmbeddedEngineStatus, privateEngineStatus } from "#host/embedded-engine/status.ts";
import { stopEmbeddedEngine } from "#host/embedded-engine/stop.ts";

const start = defineCommand({
  name: "start",
  summary: "Start the embedded engine",
  description: `
    Starts a Docker engine of berth's own, from the distribution's dockerd, in namespaces of its own: its
    data, socket, network and firewall are separate, and the host's stay untouched. It keeps running after
    berth ends, where systemd runs the host as the unit berth-engine-default.service. berth uses it when no
    other engine answers.

    Does nothing if the engine runs already.`,
  options: {
    uplink: {
      description: "let machines reach other networks (slirp4netns; the host's network stays untouched)",
    },
    view: {
      value: "VIEW",
      description: "cgroups it sees: the host's, or cgroup2 alone",
      choices: ["host", "v2"],
      default: "host",
    },
  },
  examples: [
    { command: "berth engine start --uplink", description: "with access to other networks" },
    {
      command: 'export DOCKER_HOST="unix://$(berth engine status -q)"',
      description: "use it from docker too",
    },
  ],
  async action(context, _args, { uplink, view }) {
    const place = defaultEmbeddedEngine();
    await startEmbeddedEngine({ ...place, uplink, cgroupView: view }, waitingNote(context));
    await show(context, await privateEngineStatus(place));
    return undefined;
  },
});

const stop = defineCommand({
  name: "stop",
  summary: "Stop the embedded engine and its machines",
  description: `
    Shuts its machines down, ends it, and removes everything it made on the host except its data: images and
    machines are back at the next start. Also cleans up after an engine that was killed.`,
  options: { removeData: { description: "also remove its images and machines" } },
  examples: [{ command: "berth engine stop --remove-data", description: "leave nothing" }],
  async action(context, _args, { removeData }) {
    const wasRunning = await stopEmbeddedEngine(
      { ...defaultEmbeddedEngine(), removeData },
      waitingNote(context),
    );
    await context.result({ wasRunning, dataRemoved: removeData }, () => "");
    context.note(wasRunning ? "berth's engine has stopped" : "berth's engine was not running");
    return undefined;
  },
});

const status = defineCommand({
  name: "status",
  summary: "Show the embedded engine",
  description: `
    Shows whether berth's own engine runs, and where. With --quiet, only its socket. Status 3: it does not
    run.`,
  examples: [{ command: "berth engine status", description: "its state" }],
  async action(context) {
    const found = await privateEngineStatus(defaultEmbeddedEngine());
    await show(context, found);
    return found.state === "running" ? undefined : 3;
  },
});

export const command: CommandGroup = {
  name: "engine",
  summary: "Run berth's own Docker engine",
  description: "A Docker engine beside the host's, for machines alone or where there is none.",
  examples: [{ command: "berth engine start", description: "start it" }],
  commands: [start, stop, status],
};

const waitingNote = (context: Context) => () =>
  context.note("waiting for another berth that works on this engine");

async function show(context: Context, found: EmbeddedEngineStatus): Promise<void> {
  await context.result(found, (view) => (context.global.quiet ? `${found.socket}\n` : render(found, view)));
}

function render(found: EmbeddedEngineStatus, { style }: View): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["state", found.state === "running" ? style.green(found.state) : style.yellow(found.state)],
    ["version", found.version],
    ["socket", `unix://${found.socket}`],
    ["data", found.dataDirectory],
    ["config", found.configFile],
    ["log", found.log],
    ["unit", found.unit],
    ["cgroups", found.settings?.cgroupView],
    ["uplink", found.settings === undefined ? undefined : found.settings.uplink ? "slirp4netns" : "none"],
    ["init", found.pid === undefined ? undefined : `process ${found.pid}`],
  ];
  return rows
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key.padEnd(8)} ${value}\n`]))
    .join("");
}
