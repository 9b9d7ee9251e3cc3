import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { SECOND } from '../core/time.ts'

/** Editors write a file in several steps; by then they are done. */
const QUIET_MS = 0.2 * SECOND
/** A folder that was replaced (by a checkout, say) is another folder: this often it is looked whether it was. */
const LOOK_MS = 2 * SECOND
/** Of a tree with more, the folders nearest to its root are watched. */
const MAX_FOLDERS = 1000
/** It went away meanwhile, or is not for us: whoever reads the rules says so. */
const UNREADABLE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']

/**
 * Calls back once what lies in the folder has changed and been quiet for a moment. Answers how to stop.
 * Each folder has a watcher of its own: Node's recursive one loses a file that was replaced, as editors do on saving,
 * and hears nothing of what is written into it afterwards.
 */
export function watchFolder(folder: string, onChange: () => void): () => void {
  const watched = new Map<string, { watcher: FSWatcher; id: string }>()
  let quiet: NodeJS.Timeout | undefined

  function changed() {
    follow()
    clearTimeout(quiet)
    quiet = setTimeout(onChange, QUIET_MS)
  }

  /** Watches the folders that there are now. Answers whether they are others than before. */
  function follow(): boolean {
    const found = foldersOf(folder)
    const gone = [...watched].filter(([path, { id }]) => found.get(path) !== id)
    for (const [path, { watcher }] of gone) {
      watcher.close()
      watched.delete(path)
    }
    const fresh = [...found].filter(([path]) => !watched.has(path))
    for (const [path, id] of fresh) {
      const watcher = ifReadable(() => watch(path, changed))
      // Without a listener an error would be thrown; the next look finds out what has become of the folder.
      watcher?.on('error', changed)
      if (watcher !== undefined) watched.set(path, { watcher, id })
    }
    return gone.length + fresh.length > 0
  }

  follow()
  const timer = setInterval(() => {
    if (follow()) changed()
  }, LOOK_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    clearTimeout(quiet)
    for (const { watcher } of watched.values()) watcher.close()
  }
}

/** The folder and those in it, each with what tells it from another of the same path. */
function foldersOf(root: string): Map<string, string> {
  const found = new Map<string, string>()
  const paths = [root]
  for (let path = paths.shift(); path !== undefined && found.size < MAX_FOLDERS; path = paths.shift()) {
    const folder = path
    const stats = ifReadable(() => statSync(folder))
    if (!stats?.isDirectory()) continue
    const entries = ifReadable(() => readdirSync(folder, { withFileTypes: true }))
    if (entries === undefined) continue
    found.set(folder, `${stats.dev} ${stats.ino}`)
    paths.push(...entries.filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name)))
  }
  return found
}

function ifReadable<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof Error && 'code' in error && UNREADABLE.includes(String(error.code))) return undefined
    throw error
  }
}
