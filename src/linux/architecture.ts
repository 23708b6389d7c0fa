/** What images and engines call a processor (Go's GOARCH) that node calls so (`process.arch`). */
export function ociArchitecture(arch: string): string {
  return arch === "x64" ? "amd64" : arch;
}
