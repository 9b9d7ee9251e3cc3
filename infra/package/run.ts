/** `npm run package [-- FOLDER]`: writes the function app to dist/app, and as a zip to dist/lakemark.zip. */
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type AppFile, collectAppFiles } from './app-files.ts'
import { toZip } from './zip.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

try {
  const { positionals } = parseArgs({ allowPositionals: true })
  await main(positionals[0] ?? DIST)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(out: string): Promise<void> {
  const files = await collectAppFiles(process.env.LAKEMARK_RULES || 'rules')
  const zip = toZip(files)
  await rm(join(out, 'app'), { recursive: true, force: true })
  await writeFiles(join(out, 'app'), files)
  await writeFile(join(out, 'lakemark.zip'), zip)

  const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const digest = createHash('sha256').update(zip).digest('hex')
  console.log(`dist/app           ${files.length} files, ${kilobytes(size)}`)
  console.log(`dist/lakemark.zip  ${kilobytes(zip.length)}, SHA-256 ${digest}`)
}

async function writeFiles(folder: string, files: readonly AppFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`
}
