/** systemd's unit by which a host's shutdown also shuts its machines down. */
export const stopUnit = "berth-stop.service";

/** Seconds that a machine gets, as systemd gives a service by default (DefaultTimeoutStopSec=). */
export const longestHalt = 90;

/**
 * The unit, given the installed program. It stops after the engine, so that this does not restart what ends:
 * ordered before the engine it stops behind it (systemd.unit(5), Before=). With live-restore an engine ends
 * without its machines, and what ends them then is SIGTERM to all, by which systemd merely executes itself
 * again, and SIGKILL. Without live-restore the engine has stopped them, and there is nothing to do.
 *
 * At boot the engine waits for whatever this comes after: no more than what containerd and lxcfs's drop-in
 * have it wait for anyway. Not for remote file systems: a mount may need the engine, and systemd resolves a
 * cycle by leaving out a unit. A machine keeps such mounts in its own mount namespace, and the network that
 * they need goes after this. The dash: berth may be uninstalled before systemd has read that.
 */
export function renderStopUnit(program: string): string {
  return `# Written by \`berth install runtime\`.
[Unit]
Description=Shutdown of machines that outlive their engine
Documentation=https://docs.docker.com/engine/daemon/live-restore/
Before=docker.service containerd.service
After=local-fs.target network.target lxcfs.service
RefuseManualStop=yes

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStop=-${program} runtime halt
TimeoutStopSec=${longestHalt + 30}

[Install]
WantedBy=multi-user.target
`;
}
