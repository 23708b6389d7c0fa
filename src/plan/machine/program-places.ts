/** Where an engine looks where neither a container nor its image names a PATH (moby, DefaultPathEnv). */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Absolute paths at which a command's program is looked for, in order: by PATH where its name has no slash,
 * else from the working directory. The last PATH of the environment holds (execvp(3)).
 */
export function programPlaces(
  program: string,
  workdir: string,
  environment: readonly string[],
): readonly string[] {
  if (program.startsWith("/")) return [program];
  if (program.includes("/")) return [`${workdir}/${program}`];
  const path = environment.findLast((variable) => variable.startsWith("PATH="))?.slice("PATH=".length);
  const directories = (path ?? usualPath).split(":").map((directory) => directory || workdir);
  return directories.map((directory) => `${directory}/${program}`);
}
