import type { WriteStream } from 'node:tty'
import { printable } from '../table.ts'

const ERASE_LINE = '\r\u001b[2K'
/** More often than this no eye can follow. */
const EVERY_MS = 100

export interface Progress {
  show(text: string): void
  /** Leaves no trace of what was shown. */
  clear(): void
}

/** One line that is written over and over, on a terminal; nothing elsewhere. */
export function createProgress(stream: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>): Progress {
  let shownAt = 0
  return {
    show(text) {
      const now = Date.now()
      if (!stream.isTTY || now - shownAt < EVERY_MS) return
      shownAt = now
      stream.write(ERASE_LINE + printable(text).slice(0, (stream.columns || 80) - 1))
    },
    clear() {
      if (shownAt > 0) stream.write(ERASE_LINE)
      shownAt = 0
    },
  }
}
