import { type Flag, refused } from "./flag.ts";

const isSwitch = true;

/** Flags of `docker run` that the Engine API has nothing for. */
export const clientFlags: readonly Flag[] = [
  refused("cidfile", "the docker client writes this file"),
  refused("detach", "it tells the docker client not to wait", { short: "d", isSwitch }),
  refused("detach-keys", "the docker client reads these keys"),
  refused("disable-content-trust", "the docker client checks images", { isSwitch }),
  refused("env-file", "the docker client reads this file; use --env"),
  refused("help", "the docker client prints its help", { isSwitch }),
  refused("label-file", "the docker client reads this file; use --label"),
  refused("pull", "the docker client pulls images before it creates a container"),
  refused("quiet", "it silences the docker client", { short: "q", isSwitch }),
  refused("sig-proxy", "the docker client forwards signals", { isSwitch }),
  refused(
    "use-api-socket",
    "the docker client adds its own mounts; mount the engine's socket with --volume",
    { isSwitch },
  ),
  refused("cpu-count", "only engines on Windows support it"),
  refused("cpu-percent", "only engines on Windows support it"),
  refused("io-maxbandwidth", "only engines on Windows support it"),
  refused("io-maxiops", "only engines on Windows support it"),
];
