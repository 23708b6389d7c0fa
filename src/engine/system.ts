import type { SystemInfo, Version } from "#api/system.ts";
import type { Engine } from "./connection/engine.ts";
import { request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

export function readVersion(engine: Engine, options: Abortable = {}): Promise<Version> {
  return request(engine, { path: "/version", signal: options.signal });
}

export function readInfo(engine: Engine, options: Abortable = {}): Promise<SystemInfo> {
  return request(engine, { path: "/info", signal: options.signal });
}
