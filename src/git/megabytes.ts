export const MEGABYTE = 1024 * 1024

export function formatMegabytes(bytes: number): string {
  const megabytes = bytes / MEGABYTE
  return `${Number.isInteger(megabytes) ? megabytes : megabytes.toFixed(1)} MB`
}
