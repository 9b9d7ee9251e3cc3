import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const INFRA = fileURLToPath(new URL('..', import.meta.url))
/** Holds the fingerprint of what was compiled last, from infra/. */
export const FINGERPRINT_FILE = 'compiled-from.txt'

const SOURCE = /\.(bicep|bicepparam)$|^(bicepconfig|watched|workbook)\.json$|^alerts\.yaml$/

/** All that the compiler reads, by path from infra/, in order. */
export async function sourceFiles(): Promise<string[]> {
  const names = await readdir(INFRA, { recursive: true })
  return names
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => SOURCE.test(name))
    .sort()
}

/** With one newline at the end, whatever the platform. */
export async function readText(path: string): Promise<string> {
  return `${(await readFile(path, 'utf8')).replaceAll('\r\n', '\n').trimEnd()}\n`
}

/** The same as long as nothing has to be compiled anew: for those who have no compiler. */
export async function fingerprintOfSources(): Promise<string> {
  const sum = createHash('sha256')
  for (const file of await sourceFiles()) sum.update(`${file}\0${await readText(join(INFRA, file))}\0`)
  return `${sum.digest('hex')}\n`
}
