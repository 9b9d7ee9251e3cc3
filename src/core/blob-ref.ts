/** One blob of the lake, by its address. */
export interface BlobRef {
  account: string
  container: string
  /** The blob's name as it is: opaque, unescaped, with `/` between its segments and none at its start. */
  path: string
}
