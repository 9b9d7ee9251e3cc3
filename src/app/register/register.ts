import { type Caller, hasRole } from '../../core/access/caller.ts'
import { mayOperate, type Operated } from '../../core/access/decision.ts'
import { checkRequest, disagreementOf, MAX_TARGETS } from '../../core/register/check-request.ts'
import { claimantsOf } from '../../core/register/claims.ts'
import { outcomeOf } from '../../core/register/outcome.ts'
import type { RegisterRequest, Registration, RequestProblem, Target } from '../../core/register/request.ts'
import { plainPathOf, targetsOf } from '../../core/register/targets.ts'
import type { Rule, RuleSet } from '../../core/rules/rule-set.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Lake, Ledger } from '../ports.ts'
import type { RunStore } from '../resync/ports.ts'
import { createRunDocuments } from '../resync/run-documents.ts'
import type { RunView } from '../resync/run-view.ts'
import type { createRuns, StartAnswer } from '../resync/runs.ts'
import { createOwners } from './owners.ts'
import { newestVersionOf } from './versions.ts'
import { type RegistrationView, toRegistrationView } from './view.ts'

const READS_AT_ONCE = 16

interface Dependencies {
  runStore: RunStore
  ledger: Ledger
  lake: Lake
  rules: () => { rules: RuleSet }
  runs: Pick<ReturnType<typeof createRuns>, 'start' | 'get'>
}

export interface RegisterCall {
  request: RegisterRequest
  /** Counts, and changes nothing. */
  dryRun: boolean
  by: string
  idempotencyKey: string | undefined
}

export type RegisterAnswer =
  | { kind: 'started' | 'joined' | 'repeated'; registration: RegistrationView }
  /** All of them. */
  | { kind: 'wrong'; problems: RequestProblem[] }
  | Extract<StartAnswer, { kind: 'refused' }>

/**
 * Registers what a caller names, without a rule for it: a request becomes a run, which takes in what lies there under
 * rules of its own. All reject with TransientError where the lake, the ledger or the store do not answer.
 */
export function createRegister({ runStore, ledger, lake, rules, runs }: Dependencies) {
  const documents = createRunDocuments({ store: runStore })
  const { makersOf, operatedAsset, operatedAssets, operatedTargets } = createOwners({ ledger, rules })

  async function start({ request, dryRun, by, idempotencyKey }: RegisterCall): Promise<RegisterAnswer> {
    const checked = checkRequest(request, rules().rules)
    if (checked.problems.length > 0) return { kind: 'wrong', problems: checked.problems }
    const registration = await withFiles(checked.registration)
    const problems = await disagreements(targetsOf(registration))
    if (problems.length > 0) return { kind: 'wrong', problems }
    const answer = await runs.start({ filter: { dryRun }, by, idempotencyKey, registration })
    if (answer.kind === 'refused') return answer
    return { kind: answer.kind, registration: await view(answer.run, registration) }
  }

  /** Undefined: there is no such run, or it is one of re-sync. */
  async function get(id: string): Promise<RegistrationView | undefined> {
    const run = await runs.get(id)
    const found = run && (await runStore.read('registration', run.id, 'request'))
    return run && found && view(run, found.document)
  }

  async function view(run: RunView, registration: Registration): Promise<RegistrationView> {
    const parts = (await documents.readParts(run.id)).map(({ document }) => document)
    const targets = targetsOf(registration)
    const outcomes = targets.map(target => outcomeOf(target, parts, undefined))
    await forEachAtMost(READS_AT_ONCE, targets, async target => {
      outcomes[target.index] = outcomeOf(target, parts, await newestVersionOf(ledger, target))
    })
    return toRegistrationView(run, outcomes)
  }

  /** Paths that name a file, and not a folder, are told from the lake. */
  async function withFiles(registration: Registration): Promise<Registration> {
    const files: number[] = []
    await forEachAtMost(READS_AT_ONCE, targetsOf(registration), async target => {
      const path = plainPathOf(target)
      if (path === undefined) return
      const { account, container } = target.datastore
      const blob = await lake.head({ account, container, path })
      if (blob !== undefined && !blob.isDirectory) files.push(target.index)
    })
    return { ...registration, files: files.sort((a, b) => a - b) }
  }

  /** With what is there: an asset of another type, or rules that make the same one otherwise. */
  async function disagreements(targets: readonly Target[]): Promise<RequestProblem[]> {
    const { rules: inForce } = rules().rules
    const found = new Map<number, string[]>()
    await forEachAtMost(READS_AT_ONCE, targets, async target => {
      const makers = await makersOf(target.asset)
      const makes = inForce.filter(({ name }) => makers?.rules.has(name))
      const claimants = new Set([...makes, ...claimantsOf(target.asset, inForce)])
      const told = [...claimants].flatMap(rule => disagreementOf(target, rule) ?? [])
      if (makers !== undefined && makers.head.lastCut > 0 && makers.head.type !== target.type) {
        told.unshift(
          `the asset ${target.asset} exists as ${makers.head.type}, and would be a ${target.type}; give the dataset another name`,
        )
      }
      found.set(target.index, told.slice(0, 1))
    })
    return targets.flatMap(({ index, at }) =>
      (found.get(index) ?? []).map(problem => ({
        path: `dataset_definition[${at.dataset}].dataset_name`,
        problem,
      })),
    )
  }

  /** Before a request is even looked into: whose data it touches. */
  async function operated(request: RegisterRequest, caller: Caller): Promise<Operated> {
    const count = request.dataset_definition.length * request.datastore_definition.length
    const isGuarded = rules().rules.rules.some(({ operators }) => operators.length > 0)
    // Where nobody keeps anything, or that is the problem, the role is enough.
    if (!isGuarded || count > MAX_TARGETS) return { rules: [], beyond: true }
    const { registration } = checkRequest(request, rules().rules)
    const asFolders = targetsOf(registration)
    const plain = asFolders.filter(target => plainPathOf(target) !== undefined).map(({ index }) => index)
    const folders = operatedTargets(asFolders)
    const files = operatedTargets(targetsOf({ ...registration, files: plain }))
    const keepers = unique([...folders.rules, ...files.rules])
    // Who may ask for none of it is refused before the ledger is asked anything, of which there may be much.
    const mayNothing =
      !hasRole(caller, 'Lakemark.Operate') && !keepers.some(rule => mayOperate(caller, rule).allowed)
    if (mayNothing) return { rules: keepers, beyond: true }
    const assets = await operatedAssets(asFolders.map(({ asset }) => asset))
    const isSame = folders.beyond === files.beyond && namesOf(folders.rules) === namesOf(files.rules)
    if (isSame)
      return { rules: unique([...keepers, ...assets.rules]), beyond: folders.beyond || assets.beyond }
    // Whether it is a file or a folder makes a difference.
    const seen = operatedTargets(targetsOf(await withFiles(registration)))
    return { rules: unique([...seen.rules, ...assets.rules]), beyond: seen.beyond || assets.beyond }
  }

  /** The same of one that was begun. Undefined: there is no such run, or it is one of re-sync. */
  async function operatedRun(id: string): Promise<Operated | undefined> {
    const run = await runs.get(id)
    const found = run && (await runStore.read('registration', run.id, 'request'))
    return found && operatedTargets(targetsOf(found.document))
  }

  return { start, get, operated, operatedRun, operatedAsset }
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}

function namesOf(rules: readonly Rule[]): string {
  return rules.map(({ name }) => name).join()
}
