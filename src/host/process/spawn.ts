/**
 * Starts a program, as node does; the only way here, besides `run` for one that is waited for and
 * `spawn-quick.ts` for what must not wait for node:child_process to load. A program that cannot be started is
 * an `error` event: see `startError`.
 */
export { type ChildProcess, spawn } from "node:child_process";
