import type { TaskSpec } from "./service.ts";

/** In the order in which a task goes through them; from `complete` on it has ended. */
export type TaskState =
  | "new"
  | "allocated"
  | "pending"
  | "assigned"
  | "accepted"
  | "preparing"
  | "ready"
  | "starting"
  | "running"
  | "complete"
  | "shutdown"
  | "failed"
  | "rejected"
  | "remove"
  | "orphaned";

/** Engine API, "Task": one go of a service at running its container on a node. */
export interface Task {
  readonly ID: string;
  /** RFC 3339. */
  readonly CreatedAt: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  /** Absent until a node is found. */
  readonly NodeID?: string;
  readonly Spec: TaskSpec;
  readonly DesiredState: TaskState;
  readonly Status: {
    readonly Timestamp: string;
    /** With a health check, `running` only once the container is healthy. */
    readonly State: TaskState;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: {
      readonly ContainerID?: string;
      readonly PID?: number;
      readonly ExitCode?: number;
    };
  };
}
