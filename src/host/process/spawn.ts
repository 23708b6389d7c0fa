/** Starts a program that goes on beside us (child_process.spawn); who starts one ends and awaits it. */
export { spawn } from "node:child_process";
