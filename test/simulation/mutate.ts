import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Edit, MUTATIONS, type MutationName } from './mutations.ts'

const ROOT = new URL('../../', import.meta.url)

/** The text with the edits made. Throws where one of them does not fit any more. */
export function mutated(name: MutationName, file: string, text: string): string {
  let result = text
  for (const edit of editsOf(name).filter(it => it.file === file)) {
    const times = result.split(edit.find).length - 1
    if (times !== 1) {
      throw new Error(
        `mutation ${name} no longer applies: ${file} holds this ${times} times, not once; ` +
          `adapt test/simulation/mutations.ts:\n${edit.find}`,
      )
    }
    result = result.replace(edit.find, () => edit.replace)
  }
  return result
}

/** Throws where the mutation does not fit the source files as they are. */
export function checkMutation(name: MutationName): void {
  for (const file of filesOf(name)) mutated(name, file, readFileSync(new URL(file, ROOT), 'utf8'))
}

/** What is imported from now on in this process is broken in this way. To be called before src/ is. */
export function applyMutation(name: MutationName): void {
  checkMutation(name)
  const urls = new Map(filesOf(name).map(file => [new URL(file, ROOT).href, file]))
  registerHooks({
    load(url, context, nextLoad) {
      const file = urls.get(url)
      if (file === undefined) return nextLoad(url, context)
      const source = readFileSync(fileURLToPath(url), 'utf8')
      return { format: 'module-typescript', shortCircuit: true, source: mutated(name, file, source) }
    },
  })
}

function editsOf(name: MutationName): readonly Edit[] {
  return MUTATIONS[name].edits
}

function filesOf(name: MutationName): string[] {
  return [...new Set(editsOf(name).map(({ file }) => file))]
}
