import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** QEMU's machine protocol (docs/interop/qmp-spec), one command at a time. */
export interface Monitor {
  /** What the command returns; throws what QEMU says of a refused one. */
  execute(command: string, argumentsOf?: object): Promise<unknown>;
  close(): void;
}

/** Connects to a monitor that listens, and ends its negotiation. */
export async function openMonitor(path: string): Promise<Monitor> {
  const socket: Socket = createConnection(path);
  await once(socket, "connect");
  // A VM that is killed ends it by a reset; whoever waits for an answer then hears of it.
  let waiting: ((answer: Answer) => void) | undefined;
  const lost = () => waiting?.({ error: { desc: "QEMU has ended" } });
  socket.on("error", lost).on("close", lost);
  createInterface({ input: socket }).on("line", (line) => {
    const answer = JSON.parse(line) as Answer;
    // Greetings and events are not answers.
    if (answer.return !== undefined || answer.error !== undefined) waiting?.(answer);
  });
  const execute = async (command: string, argumentsOf?: object) => {
    const answered = new Promise<Answer>((resolve) => {
      waiting = resolve;
    });
    socket.write(`${JSON.stringify({ execute: command, arguments: argumentsOf })}\n`);
    const { error, return: value } = await answered;
    if (error !== undefined) throw new Error(`QEMU refuses ${command}: ${error.desc}`);
    return value;
  };
  await execute("qmp_capabilities");
  return { execute, close: () => void socket.destroy() };
}
