import type { WriteStream } from 'node:tty'
import { SECOND } from '../../core/time.ts'
import { printable } from './printable.ts'
import { cutToWidth } from './text-width.ts'

const ERASE_LINE = '\r\u001b[2K'
/** More often than this no eye can follow. */
const EVERY_MS = SECOND / 10
/** Of lines that stay: in a log, where each costs room. What is over sooner says nothing. */
const PLAIN_EVERY_MS = 10 * SECOND
const BAR_CELLS = 20
const DEFAULT_COLUMNS = 80

export interface Progress {
  /** `share`: how much is done, from 0 to 1, where it is known. */
  show(text: string, share?: number): void
  /** Leaves no trace of what was shown on a terminal. */
  clear(): void
}

/** One line that is written over and over, on a terminal; elsewhere a line every ten seconds. */
export function createProgress(
  stream: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>,
  now: () => number = Date.now,
): Progress {
  let shownAt = stream.isTTY ? 0 : now()
  let isShown = false
  return {
    show(text, share) {
      const at = now()
      if (at - shownAt < (stream.isTTY ? EVERY_MS : PLAIN_EVERY_MS)) return
      shownAt = at
      const line = printable(text)
      if (!stream.isTTY) {
        stream.write(`${percent(share)}${line}\n`)
        return
      }
      isShown = true
      stream.write(ERASE_LINE + cutToWidth(bar(share) + line, (stream.columns || DEFAULT_COLUMNS) - 1))
    },
    clear() {
      if (isShown) stream.write(ERASE_LINE)
      isShown = false
      if (stream.isTTY) shownAt = 0
    },
  }
}

function bar(share: number | undefined): string {
  if (share === undefined) return ''
  const full = Math.round(within(share) * BAR_CELLS)
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent(share)}`
}

function percent(share: number | undefined): string {
  return share === undefined ? '' : `${String(Math.floor(within(share) * 100)).padStart(3)} %  `
}

function within(share: number): number {
  return Math.min(1, Math.max(0, share))
}
