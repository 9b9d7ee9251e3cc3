import type { ContainerRef } from '../../core/blob-url.ts'
import { createRulesPlanner } from '../../core/rule-plan/planner.ts'
import type { RulesPlan } from '../../core/rule-plan/rules-plan.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Lake } from '../ports.ts'

export interface LakePlan extends RulesPlan {
  /** Containers that were listed, as `account/container`: only those whose rules differ are. */
  listed: string[]
  /** Containers that rules name and that do not exist. */
  missing: string[]
}

/** The most that Blob Storage gives at a time. */
const BLOBS_PER_PAGE = 5000
/** A container of five billion blobs: whoever gets there is being led round in circles. */
const MAX_PAGES = 1_000_000

/**
 * What the new rules would change, over all that lies in the lake; nothing is written anywhere. Page by page, in
 * memory that does not grow with the lake. `onProgress` gets the number of blobs listed so far.
 */
export function createPlanning({ lake }: { lake: Pick<Lake, 'list' | 'hasContainer'> }) {
  return async function plan(
    old: RuleSet,
    next: RuleSet,
    onProgress: (files: number, container: string) => void = () => undefined,
  ): Promise<LakePlan> {
    const planner = createRulesPlanner(old, next)
    const [listed, missing]: [string[], string[]] = [[], []]
    let files = 0
    for (const container of planner.containers) {
      const name = `${container.account}/${container.container}`
      if (!(await lake.hasContainer(container.account, container.container))) {
        missing.push(name)
        continue
      }
      listed.push(name)
      await forEachPage(container, page => {
        for (const { ref, isDirectory } of page) if (!isDirectory) planner.add(ref)
        files += page.length
        onProgress(files, name)
      })
    }
    return { ...planner.finish(), listed, missing }
  }

  async function forEachPage(
    container: ContainerRef,
    step: (page: Awaited<ReturnType<Lake['list']>>['items']) => void,
  ): Promise<void> {
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await lake.list({ ...container, path: '' }, { limit: BLOBS_PER_PAGE, continuation })
      step(page.items)
      continuation = page.continuation
      if (continuation === undefined) return
    }
    throw new Error(`the listing of ${container.account}/${container.container} does not end`)
  }
}
