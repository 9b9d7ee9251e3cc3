/**
 * `npm run infra:build` compiles the Bicep files and writes what comes out; `npm run infra:check` compiles them and
 * compares. Exit code 1 where the compiler has something to say, or what is committed is not what comes out.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileInfra } from './compile.ts'
import { findCompiler } from './compiler.ts'

const INFRA = fileURLToPath(new URL('..', import.meta.url))

try {
  await main(process.argv.includes('--check'))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(isCheck: boolean): Promise<void> {
  const { texts, unformatted } = await compileInfra(await findCompiler())
  const stale: string[] = []
  for (const [path, text] of texts) {
    if (!isCheck) await writeFile(join(INFRA, path), text)
    else if (text !== (await readFile(join(INFRA, path), 'utf8'))) stale.push(path)
  }
  if (stale.length > 0)
    throw new Error(`not what the Bicep files say, run npm run infra:build: ${stale.join(', ')}`)
  if (unformatted.length > 0) throw new Error(`run bicep format on ${unformatted.join(', ')}`)
  console.log(`${isCheck ? 'compared' : 'written'}: ${[...texts.keys()].join(', ')}`)
}
