import { readFile } from 'node:fs/promises'
import { isAbsolute, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRulesFolder } from '../../src/files/rules-folder.ts'
import { parseRulesAddress } from '../../src/git/rules-address.ts'
import { loadRules } from '../../src/load-rules.ts'
import { bundle } from './bundle.ts'
import { collectNotices } from './notices.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** One file of the function app. */
export interface AppFile {
  /** From the app's folder, with forward slashes. */
  path: string
  bytes: Uint8Array
}

/**
 * All that Azure needs to run the app, in the order of their paths; the same input gives the same bytes. `rules` is
 * what LAKEMARK_RULES will say there: rules in a folder come with the app, under the same path, and rules in a git
 * repository do not. Rejects where the rules have problems: they would keep the app from starting.
 */
export async function collectAppFiles(rules: string): Promise<AppFile[]> {
  const ruleFiles = await collectRuleFiles(rules)
  const { pieces, metafile } = await bundle()
  const files = [
    { path: 'host.json', bytes: await readFile(join(ROOT, 'host.json')) },
    { path: 'package.json', bytes: encode(`${JSON.stringify(await manifest(), null, 2)}\n`) },
    { path: 'dist/THIRD-PARTY-LICENSES.txt', bytes: encode(await collectNotices(ROOT, metafile)) },
    ...pieces.map(({ name, text }) => ({ path: `dist/${name}`, bytes: encode(text) })),
    ...ruleFiles,
  ]
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Without dependencies, which are in the bundle, and without scripts, so that nothing is built in Azure. */
async function manifest(): Promise<object> {
  const { name, version, license } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  return { name, version, license, private: true, type: 'commonjs', main: 'dist/main.js' }
}

/** The rules as the app will read them; none where they come from a git repository. Rejects where they have problems. */
export async function collectRuleFiles(rules: string): Promise<AppFile[]> {
  const address = parseRulesAddress(rules)
  if ('problem' in address) throw new Error(`LAKEMARK_RULES: ${address.problem}`)
  if (address.kind === 'git') return []
  const folder = join(ROOT, address.folder)
  if (isAbsolute(address.folder) || relative(ROOT, folder).startsWith('..')) {
    throw new Error(
      `LAKEMARK_RULES: ${address.folder} is outside of the project; give a folder in it, or a git repository`,
    )
  }
  await loadRules(folder, undefined)
  const files = await readRulesFolder(folder)
  return files.map(({ path, text }) => ({
    path: posix.join(address.folder, relative(address.folder, path).split(sep).join('/')),
    bytes: encode(text),
  }))
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
