/**
 * systemd's major version, from the names of its private libraries, which its program asks for by name since
 * 231: `libsystemd-shared-252.so` (systemd's meson.build). A distribution's suffix does not count
 * (`libsystemd-shared-252-14.el9.so`). `program` is the ELF file, or its first part, as text of single bytes.
 */
export function systemdVersionIn(program: string): number | undefined {
  const version = /\0libsystemd-(?:shared|core)-(\d{3,4})[^\0]*\.so\0/.exec(program)?.[1];
  return version === undefined ? undefined : Number(version);
}
