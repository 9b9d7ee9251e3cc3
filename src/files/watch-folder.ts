import { type FSWatcher, statSync, watch } from 'node:fs'
import { SECOND } from '../core/time.ts'

/** Editors write a file in several steps; by then they are done. */
const QUIET_MS = 0.2 * SECOND
/** A folder that was replaced (by a checkout, say) is another folder: this often it is looked whether it was. */
const LOOK_MS = 2 * SECOND

/** Calls back once what lies in the folder has changed and been quiet for a moment. Answers how to stop. */
export function watchFolder(folder: string, onChange: () => void): () => void {
  let watched: { watcher: FSWatcher; id: string } | undefined
  let quiet: NodeJS.Timeout | undefined

  function changed() {
    clearTimeout(quiet)
    quiet = setTimeout(onChange, QUIET_MS)
  }

  function look() {
    const found = statSync(folder, { throwIfNoEntry: false })
    const id = found?.isDirectory() ? `${found.dev} ${found.ino}` : undefined
    if (id === watched?.id) return
    watched?.watcher.close()
    const isFirst = watched === undefined && quiet === undefined
    watched = id === undefined ? undefined : { watcher: watch(folder, { recursive: true }, changed), id }
    // Without a listener an error would be thrown; the next look finds out what has become of the folder.
    watched?.watcher.on('error', changed)
    if (!isFirst) changed()
  }

  look()
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    clearTimeout(quiet)
    watched?.watcher.close()
  }
}
