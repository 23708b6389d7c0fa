import { isVmHost } from "./vm-host.ts";

/** What machines see of cgroups. */
export type View = "hybrid" | "v2";

/** Whether there are engines here with cgroup v1 beside v2; the VM's host has v2 alone, as people's have. */
export const hasHybrid = !isVmHost;

/** The engine nodes that tests of all views use, by their names. */
export const views: readonly View[] = hasHybrid ? ["hybrid", "v2"] : ["v2"];
