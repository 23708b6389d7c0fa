/** Engine API, "Node": what berth reads of it. */
export interface SwarmNode {
  readonly ID: string;
  readonly Spec: {
    readonly Role?: "worker" | "manager";
    readonly Availability?: "active" | "pause" | "drain";
  };
  readonly Description: { readonly Hostname: string };
  /** The address from which the managers see it. */
  readonly Status: { readonly State: "unknown" | "down" | "ready" | "disconnected"; readonly Addr?: string };
}
