import { joinedNetwork, type OciConfig } from "./config.ts";

/**
 * The engine that made a config.json, as systemd's $container names it. Podman marks its own (its
 * pkg/annotations, "io.container.manager"); an image cannot.
 */
export function managerOf({ annotations }: OciConfig): "docker" | "podman" {
  return annotations?.["io.container.manager"] === "libpod" ? "podman" : "docker";
}

/** How Podman names the networks that it makes for one container (containers/common, pkg/netns). */
const podmansNetwork =
  /^(\/var)?\/run\/(user\/\d+\/)?netns\/netns-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Whether a container has a network of its own that the engine has made before: Podman does. That of another
 * container is named by a process (/proc/PID/ns/net).
 */
export function hasMadeNetwork(config: OciConfig): boolean {
  return managerOf(config) === "podman" && podmansNetwork.test(joinedNetwork(config) ?? "");
}
