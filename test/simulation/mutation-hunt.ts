import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MUTATIONS, type MutationName } from './mutations.ts'

/** What became of the search for one mutation. */
export interface Hunt {
  name: MutationName
  /** The first seed that found it; undefined: none did. */
  seed: number | undefined
  invariant: string | undefined
  detail: string | undefined
  seeds: number
}

/** In so many seeds each of them must be found. */
export const SEEDS_PER_MUTATION = 1000
const AT_ONCE = 2
const RUN = fileURLToPath(new URL('run.ts', import.meta.url))

/** Breaks the code in each way, in a process of its own, and plays seeds until one of them fails. */
export async function huntMutations(
  names: readonly MutationName[] = Object.keys(MUTATIONS) as MutationName[],
): Promise<Hunt[]> {
  const hunts = new Map<MutationName, Hunt>()
  const rest = names.values()
  const lane = async () => {
    for (const name of rest) hunts.set(name, await hunt(name))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return names.flatMap(name => hunts.get(name) ?? [])
}

function hunt(name: MutationName): Promise<Hunt> {
  const options = ['--mutation', name, '--seeds', String(SEEDS_PER_MUTATION), '--until-found', '--json']
  const child = spawn(process.execPath, [RUN, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [answer, trouble] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => {
    answer += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    trouble += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve({ name, ...(JSON.parse(answer) as Omit<Hunt, 'name'>) })
      else reject(new Error(`the search for ${name} ended with ${code}:\n${trouble}`))
    })
  })
}

/** Which seed found which mutation, and by which invariant. */
export function mutationTable(hunts: readonly Hunt[]): string {
  const width = Math.max(...hunts.map(({ name }) => name.length))
  const lines = hunts.map(({ name, seed, invariant, seeds }) => {
    const found = seed === undefined ? `not found in ${seeds} seeds` : String(seed).padStart(5)
    return `${name.padEnd(width)}  ${found}  ${invariant ?? ''}`.trimEnd()
  })
  return [`${'mutation'.padEnd(width)}   seed  invariant`, ...lines].join('\n')
}
