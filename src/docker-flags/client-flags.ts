import { type Flag, refused } from "./flag.ts";

const isSwitch = true;

/** Flags of `docker run` that the Engine API has nothing for. */
export const clientFlags: readonly Flag[] = [
  refused("cidfile", "the docker client writes that file itself"),
  refused("detach", "it says whether the docker client waits", { short: "d", isSwitch }),
  refused("detach-keys", "they are keys that the docker client waits for"),
  refused("disable-content-trust", "the docker client checks images itself", { isSwitch }),
  refused("env-file", "the docker client reads that file, which is not here; use --env"),
  refused("help", "it asks the docker client about itself", { isSwitch }),
  refused("label-file", "the docker client reads that file, which is not here; use --label"),
  refused("pull", "the docker client pulls images itself, before it makes a container"),
  refused("quiet", "it is about what the docker client prints", { short: "q", isSwitch }),
  refused("sig-proxy", "the docker client passes signals on itself", { isSwitch }),
  refused(
    "use-api-socket",
    "the docker client makes up mounts for it; mount the engine's socket with --volume",
    { isSwitch },
  ),
  refused("cpu-count", "only an engine on Windows has it"),
  refused("cpu-percent", "only an engine on Windows has it"),
  refused("io-maxbandwidth", "only an engine on Windows has it"),
  refused("io-maxiops", "only an engine on Windows has it"),
];
