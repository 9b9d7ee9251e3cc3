import { beforeAll, describe, expect, it } from 'vitest'
import { checkMutation } from './mutate.ts'
import { type Hunt, huntMutations, SEEDS_PER_MUTATION } from './mutation-hunt.ts'
import { MUTATIONS, type MutationName } from './mutations.ts'

const NAMES = Object.keys(MUTATIONS) as MutationName[]
const SECOND = 1000
const ALL_HUNTS_MS = 240 * SECOND

describe('code that is broken on purpose', () => {
  const hunts = new Map<string, Hunt>()
  const unfit = NAMES.flatMap(name => {
    try {
      checkMutation(name)
      return []
    } catch (error) {
      return { name, error }
    }
  })

  beforeAll(async () => {
    const fit = NAMES.filter(name => !unfit.some(it => it.name === name))
    for (const hunt of await huntMutations(fit)) hunts.set(hunt.name, hunt)
  }, ALL_HUNTS_MS)

  it.each(NAMES)(`%s is found within ${SEEDS_PER_MUTATION} seeds`, name => {
    const misfit = unfit.find(it => it.name === name)
    if (misfit !== undefined) throw misfit.error
    expect(hunts.get(name)?.seed, MUTATIONS[name].means).toBeDefined()
  })
})
