import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { renderChecks } from "#cli/render/doctor.ts";
import { marksFor } from "#cli/render/progress-state.ts";
import { hasCode } from "#errors.ts";
import { readDoctorFacts, readFactsWithoutEngine } from "#ops/engine/doctor.ts";
import { removeLeftovers } from "#ops/machine/leftovers.ts";
import { planDoctor } from "#plan/doctor/doctor.ts";
import type { DoctorFacts } from "#plan/doctor/doctor-facts.ts";

export const command = defineCommand({
  name: "doctor",
  summary: "Check whether engine and host suit machines",
  description: `
    Checks the engine and, if it runs on this host, the host: what keeps machines from booting, what makes
    them weaker, what will run out, and what crashes left behind. Each finding says what to do. Changes
    nothing without --fix, which removes leftovers of crashes and nothing else.

    The status is 1 when a check failed. Warnings do not change it.`,
  options: { fix: { description: "remove what crashes left behind" } },
  examples: [
    { command: "berth doctor", description: "the engine that berth would use" },
    {
      command: "berth doctor --json | jq '.[] | select(.status != \"ok\")'",
      description: "findings only",
    },
    { command: "berth doctor --fix", description: "clean up after a crash" },
  ],
  async action(context, _args, { fix }) {
    const checks = planDoctor(await readFacts(context, fix));
    await context.result(checks, (view) => renderChecks(checks, marksFor(context.io.env), view));
    return checks.some((check) => check.status === "fail") ? 1 : undefined;
  },
});

/** The facts, after removing the leftovers with `fix`. A missing engine is a finding, not an error. */
async function readFacts(context: Context, fix: boolean): Promise<DoctorFacts> {
  const { env } = context.io;
  try {
    const engine = await openContextEngine(context);
    const facts = await readDoctorFacts(engine, env, context.signal);
    const { states, probes, builders } = facts.leftovers;
    const left = [...states, ...probes, ...builders];
    if (!fix || left.length === 0) return facts;
    await removeLeftovers(engine, facts.leftovers, context.signal);
    for (const removed of left) context.note(`removed ${removed}`);
    return await readDoctorFacts(engine, env, context.signal);
  } catch (error) {
    if (!hasCode(error, "engine-unreachable")) throw error;
    return await readFactsWithoutEngine(error, env);
  }
}
