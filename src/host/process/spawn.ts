/**
 * Starts a program, like node's spawn. Use `run` to wait for a program, and `spawn-quick.ts` where loading
 * node:child_process takes too long. A failed start is an `error` event: see `startError`.
 */
export { type ChildProcess, spawn } from "node:child_process";
