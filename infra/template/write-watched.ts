/**
 * `npm run infra:watched`: writes infra/watched.json from the rules that LAKEMARK_RULES names, in a folder or in a git
 * repository, so that events and rights follow the rules. `--check` compares only.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { readRules } from './read-rules.ts'
import { toWatched } from './watched.ts'

const FILE = new URL('../watched.json', import.meta.url)

try {
  await main(process.argv.includes('--check'))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(isCheck: boolean): Promise<void> {
  const watched = toWatched(await readRules(process.env))
  const text = `${JSON.stringify(watched, null, 2)}\n`
  if (!isCheck) await writeFile(FILE, text)
  else if (text !== (await readFile(FILE, 'utf8'))) {
    throw new Error('infra/watched.json is not what the rules say; run npm run infra:watched')
  }
  console.log(
    `${Object.values(watched.lakes).flat().length} containers, ${watched.workspaces.length} workspaces`,
  )
}
