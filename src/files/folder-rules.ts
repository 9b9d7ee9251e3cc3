import { createHash } from 'node:crypto'
import type { RuleFile, RulesSource } from '../app/ports.ts'
import { readRulesFolder } from './rules-folder.ts'

/** A folder as a source of rules: its commit is a digest of what lies in it. */
export function createFolderRules(folder: string): RulesSource {
  async function read(): Promise<{ commit: string; files: RuleFile[] }> {
    const files = await readRulesFolder(folder)
    const content = JSON.stringify(files.map(({ path, text }) => [path, text]))
    return { commit: createHash('sha256').update(content).digest('hex'), files }
  }
  return { address: folder, read, latestCommit: async () => (await read()).commit }
}
