import type { OciConfig } from "#oci/config.ts";

/**
 * Whether hooks of a container may read its bundle as the machine's root: those that run in its namespaces
 * before its root is entered (OCI runtime-spec, config.md, "CreateContainer Hooks"). NVIDIA's read the
 * config.json there (nvidia-container-toolkit, internal/oci).
 */
export function hasBundleReaders({ hooks }: OciConfig): boolean {
  return (hooks?.createContainer ?? []).length > 0;
}
