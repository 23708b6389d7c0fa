/*
 * Opens ports, in the network namespace it is started in, until it is told to close them or its standard input ends.
 * Its one argument is what to open, or `sweep`. It answers in JSON, one object a line.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { BerthError } from "#errors.ts";
import { openPorts } from "#host/publish/open.ts";
import { sweepPorts } from "#host/publish/sweep.ts";
import { parsePublish } from "#machinefile/value/publish.ts";
import type { ForwardTargets } from "#plan/network/forwarding.ts";

export interface PortWish {
  readonly name: string;
  readonly publish: readonly string[];
  readonly targets: ForwardTargets;
}

// At once: what is under way to a pipe is lost by an exit.
const say = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);
const [wish = ""] = process.argv.slice(2);

try {
  if (wish === "sweep") {
    await sweepPorts();
    say({ swept: true });
  } else {
    const { name, publish, targets } = JSON.parse(wish) as PortWish;
    const onLost = ({ code, message }: BerthError) => say({ lost: { code, message } });
    const ports = await openPorts({
      name,
      publish: publish.map(parsePublish),
      targets,
      onLost,
      note: (noted) => say({ noted }),
    });
    say({ warnings: ports.warnings });
    for await (const _ of createInterface({ input: process.stdin })) break;
    await ports.close();
    say({ closed: true });
  }
  process.exit(0);
} catch (error) {
  if (!(error instanceof BerthError)) throw error;
  const { code, message, details } = error;
  say({ error: { code, message, details } });
  process.exit(1);
}
