import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { uploadFile } from '../azure/upload.ts'
import { readConfig } from '../config.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../emulators/lake/azurite.ts'
import { readRunning } from './running.ts'
import { printable } from './table.ts'
import { UsageError } from './usage-error.ts'

const USAGE = 'expected files and a place, as in: lakemark put some.csv silver/sales/eu/some.csv'

/** Uploads files, one after another, and says where each went. */
export async function put(places: readonly string[]): Promise<void> {
  const files = places.slice(0, -1)
  const place = places.at(-1)
  if (place === undefined || files.length === 0) throw new UsageError(USAGE, 2)
  const { container, path } = parsePlace(place)
  if (files.length > 1 && !isFolder(path)) {
    throw new UsageError(`${place}: several files need a folder, a path that ends in /`, 2)
  }
  for (const file of files) await mustBeFile(file)
  const { lake } = await readRunning(readConfig().home)
  for (const file of files) {
    const target = isFolder(path) ? path + basename(file) : path
    await uploadFile({ serviceUrl: lake, account: DEV_ACCOUNT, key: DEV_KEY, container, path: target, file })
    console.log(printable(`${file} → ${container}/${target}`))
  }
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

async function mustBeFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) throw new UsageError(`${file}: there is no such file`)
  if (!found.isFile()) throw new UsageError(`${file}: not a file; name the files one by one`)
}
