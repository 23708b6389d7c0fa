import { defineCommand } from "#cli/frame/command.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { commandEnvironment, wantsTerminal } from "#cli/options/run-options.ts";
import { relayCommand } from "#cli/terminal/relay.ts";
import { startCommand } from "#ops/machine/machine-command.ts";
import { reachMachine } from "#ops/swarm/reach-machine.ts";
import { usageError } from "#usage.ts";

export const command = defineCommand({
  name: "exec",
  summary: "Run a command in a machine",
  description: `Runs a command in a running machine, word by word and through no shell, and ends with its exit status: 127 when the program is not there, 126 when it cannot be run, 130 when interrupted.

From a terminal to a terminal it gets a terminal of its own, as with -it; --no-tty keeps to plain streams. Otherwise standard output and standard error stay apart and binary data stays as it is. It has no standard input without -i.

An interruption ends the command too: it gets the same signal (SIGHUP with a terminal), after 10 s SIGKILL. That takes a shell in the machine and an engine whose host has the ps of procps; where it fails berth says that the command may still run.

A machine that a service of the engine's swarm runs bears its own name or its service's. One on another node is reached by ssh, to the address that the swarm knows of that node.

With --json the result is one object with status, stdout and stderr; a command that says more than 16 MiB is ended.`,
  arguments: [
    { name: "name", description: "machine", completes: "machine" },
    { name: "command", description: "program and its arguments", variadic: true },
  ],
  options: {
    interactive: { short: "i", description: "pass standard input on" },
    tty: { short: "t", description: "give it a terminal" },
    noTty: { short: "T", description: "give it none, not even from a terminal" },
    user: {
      short: "u",
      value: "USER",
      description: "run as this user: name or number, with :group if wanted",
    },
    workdir: { short: "w", value: "DIR", description: "run in this directory" },
    env: { short: "e", value: "NAME[=VALUE]", repeat: true, description: "variable; without a value, ours" },
    detach: { short: "d", description: "start it and leave it to itself" },
    sshUser: {
      value: "USER",
      description: "who logs in to another node of the swarm",
      env: "BERTH_SSH_USER",
    },
  },
  passThrough: true,
  examples: [
    { command: "berth exec web systemctl status nginx", description: "look at a service" },
    {
      command: "berth exec -u www-data -w /var/www web ls -l",
      description: "as another user, in a directory",
    },
    { command: "berth exec -i web tar x -C /srv < site.tar", description: "feed it a file" },
  ],
  async action(
    context,
    { name, command: cmd },
    { interactive, user, workdir, env, detach, sshUser, ...terminal },
  ) {
    if (detach && interactive) throw usageError("--detach leaves no standard input to pass on");
    const { tty, stdin } = wantsTerminal(context, { ...terminal, interactive, detach });
    const { engine, machine } = await reachMachine(await openContextEngine(context), name, {
      signal: context.signal,
      sshUser,
    });
    const wanted = { cmd, user, workdir, stdin, tty, env: commandEnvironment(context.io.env, env, tty) };
    if (!detach) return relayCommand(context, engine, machine, wanted);
    await startCommand(engine, machine, wanted, context.signal);
    return undefined;
  },
});
