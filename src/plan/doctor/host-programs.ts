import { ok, warn } from "./check.ts";
import type { Check, HostFacts } from "./doctor-facts.ts";

/** What hinders programs of berth's own on the engine's host; none of a host that has nothing of it. */
export function checkPrograms({ programs }: Pick<HostFacts, "programs">): readonly Check[] {
  const { readOnly, fapolicyd, nvidia } = programs;
  return [
    ...(readOnly
      ? [
          warn(
            "install-place",
            "Place for programs",
            "/usr/local is read-only: `berth install runtime` cannot copy itself there",
            "keep berth and berth-runtime elsewhere (example: /opt/berth), and use --in-place",
          ),
        ]
      : []),
    ...(fapolicyd
      ? [
          warn(
            "fapolicyd",
            "fapolicyd",
            "installed: it refuses programs that no package brought, berth-runtime too",
            "fapolicyd-cli --file add /usr/local/lib/berth/ && fapolicyd-cli --update",
          ),
        ]
      : []),
    ...(nvidia
      ? [
          ok(
            "gpu",
            "NVIDIA GPUs",
            "machines get them by CDI (--device nvidia.com/gpu=all), or by " +
              "`berth install runtime --real-runtime nvidia-container-runtime`",
          ),
        ]
      : []),
  ];
}
