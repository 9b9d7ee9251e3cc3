import { watch } from 'node:fs'
import { SECOND } from '../core/time.ts'

/** Editors write a file in several steps; by then they are done. */
const QUIET_MS = 0.2 * SECOND

/** Calls back once what lies in the folder has changed and been quiet for a moment. Answers how to stop. */
export function watchFolder(folder: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(folder, { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(onChange, QUIET_MS)
  })
  // A folder that goes away ends the watching; the timer of the rules still looks for it.
  watcher.on('error', () => watcher.close())
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
