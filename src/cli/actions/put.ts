import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { uploadFile } from '../../azure/upload.ts'
import { readConfig } from '../../config.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../../emulators/lake/azurite.ts'
import { isNotFound } from '../../files/not-found.ts'
import type { JsonOption } from '../command.ts'
import { readRunning } from '../running.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { printable } from '../terminal/printable.ts'
import { createProgress } from '../terminal/progress.ts'
import { UsageError } from '../usage-error.ts'

const USAGE = 'expected files and a place, as in: lakemark put some.csv silver/sales/eu/some.csv'

/** Uploads files, one after another, and says where each went. */
export async function put(places: readonly string[], { json = false }: JsonOption): Promise<void> {
  const files = places.slice(0, -1)
  const place = places.at(-1)
  if (place === undefined || files.length === 0) throw new UsageError(USAGE, 2)
  const { container, path } = parsePlace(place)
  if (files.length > 1 && !isFolder(path)) {
    throw new UsageError(`${place}: several files need a folder, a path that ends in /`, 2)
  }
  const sizes: number[] = []
  for (const file of files) sizes.push(await sizeOf(file))
  const { lake } = await readRunning(readConfig().home)
  const uploaded: { file: string; container: string; path: string }[] = []
  const progress = createProgress(process.stderr)
  const all = sizes.reduce((sum, size) => sum + size, 0)
  let sent = 0
  try {
    for (const [index, file] of files.entries()) {
      const target = isFolder(path) ? path + basename(file) : path
      const onProgress = (bytes: number) => progress.show(file, (sent + bytes) / all)
      const to = { serviceUrl: lake, account: DEV_ACCOUNT, key: DEV_KEY, container, path: target }
      await uploadFile({ ...to, file, onProgress })
      sent += sizes[index] ?? 0
      uploaded.push({ file, container, path: target })
      progress.clear()
      if (!json) console.log(printable(`${file} → ${container}/${target}`))
    }
  } finally {
    progress.clear()
  }
  if (json) console.log(toJsonText({ uploaded }))
}

function parsePlace(place: string): { container: string; path: string } {
  const slash = place.indexOf('/')
  const container = slash < 0 ? place : place.slice(0, slash)
  if (!/^(\$root|\$web|\$logs|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9])$/.test(container)) {
    throw new UsageError(
      `${place}: "${container}" is not the name of a container (3 to 63 of a-z, 0-9 and single hyphens)`,
      2,
    )
  }
  return { container, path: slash < 0 ? '' : place.slice(slash + 1) }
}

function isFolder(path: string): boolean {
  return path === '' || path.endsWith('/')
}

/** In bytes. Throws UsageError where it is no file. */
async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(error => {
    throw isNotFound(error) ? new UsageError(`${file}: there is no such file`) : error
  })
  if (!found.isFile()) throw new UsageError(`${file}: not a file; name the files one by one`)
  return found.size
}
