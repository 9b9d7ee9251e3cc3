import { type Zippable, zipSync } from 'fflate'
import type { AppFile } from './app-files.ts'

/** The earliest time that a zip can say, in whatever zone this runs. */
const TIME = new Date(1980, 0, 1)
const UNIX = 3
/** A plain file that everybody may read. */
const MODE = 0o100644
const LEVEL = 9

/** The files at the root of a zip; the same files give the same bytes, whenever and wherever. */
export function toZip(files: readonly AppFile[]): Uint8Array {
  const options = { level: LEVEL, mtime: TIME, os: UNIX, attrs: MODE << 16 } as const
  const entries: Zippable = Object.fromEntries(files.map(({ path, bytes }) => [path, [bytes, options]]))
  return zipSync(entries)
}
