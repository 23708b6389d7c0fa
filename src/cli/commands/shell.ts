import { defineCommand } from "#cli/frame/command.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { commandEnvironment, wantsTerminal } from "#cli/options/run-options.ts";
import { relayCommand } from "#cli/terminal/relay.ts";
import { isInteractive } from "#cli/terminal/terminal.ts";
import { BerthError } from "#errors.ts";
import { reachMachine } from "#ops/swarm/reach-machine.ts";
import { loginCommand } from "#plan/machine/login-command.ts";

export const command = defineCommand({
  name: "shell",
  summary: "Open a shell in a machine",
  description: `
    Opens a login shell in a running machine: the shell that the machine's /etc/passwd names for the user, in
    the user's home, on a terminal of its own. Leaving it leaves the machine as it is; the exit status is the
    shell's.

    With a command, it runs that instead, word by word and without a shell, with the same variables and
    directory.

    A machine of a swarm service has its own name or the service's. berth reaches one on another node by ssh,
    at the address that the swarm knows.

    For logind and PAM it is not a session: to have one, log in with \`berth console\` or ssh.`,
  arguments: [
    { name: "name", description: "machine", completes: "machine" },
    {
      name: "command",
      description: "program and its arguments, instead of the shell",
      required: false,
      variadic: true,
    },
  ],
  options: {
    user: {
      short: "u",
      value: "USER",
      description: "user whose shell to open: name or number",
      default: "root",
    },
    env: {
      short: "e",
      value: "NAME[=VALUE]",
      repeat: true,
      description: "variable; without a value, berth's own",
    },
    sshUser: {
      value: "USER",
      description: "user for ssh to other nodes of the swarm",
      env: "BERTH_SSH_USER",
    },
  },
  passThrough: true,
  examples: [
    { command: "berth shell web", description: "be root in a machine" },
    { command: "berth shell -u postgres db", description: "be another user" },
    {
      command: "berth shell -u postgres db -- psql -l",
      description: "run one command as that user, in the home directory",
    },
  ],
  async action(context, { name, command: cmd }, { user, env, sshUser }) {
    if (cmd.length === 0 && (context.global.json || !isInteractive(context.io))) {
      throw new BerthError("usage", "a shell needs a terminal", {
        hint: `without one, run a command: berth exec ${name} COMMAND`,
      });
    }
    const { tty, stdin } = wantsTerminal(context, { interactive: false, tty: false, noTty: false });
    const { engine, machine } = await reachMachine(await openContextEngine(context), name, {
      signal: context.signal,
      sshUser,
    });
    const variables = commandEnvironment(context.io.env, env, tty);
    return relayCommand(context, engine, machine, {
      cmd: loginCommand(user, cmd),
      user,
      env: variables,
      stdin,
      tty,
    });
  },
});
