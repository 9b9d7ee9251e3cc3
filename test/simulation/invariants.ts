import type { Failure } from '../../src/app/failures/failure.ts'
import type { Agenda, AzureMl, Ledger } from '../../src/app/ports.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'
import { type Check, checkAzureMl } from './azure-ml-checks.ts'
import { checkContents } from './content-checks.ts'
import { checkFailures } from './failure-checks.ts'
import { type AssetFindings, gatherFindings } from './findings.ts'
import type { Fleet } from './fleet.ts'
import type { History } from './history.ts'
import type { Deeds } from './mischief.ts'
import type { Profile } from './profile.ts'
import type { RulesLog } from './rules-log.ts'
import type { Violation } from './watch.ts'

export interface Outcome {
  history: History
  deeds: Deeds
  stores: { ledger: Ledger; agenda: Agenda; azureMl: AzureMl }
  rulesLog: RulesLog
  fleet: Pick<Fleet, 'counted'>
  profile: Profile
  workspaces: ReadonlyMap<string, Workspace>
  watch: { sendings(): number }
  /** As a process shows them. */
  failures: readonly Failure[]
}

/** Every promise of the design, once everything has come to rest. `registered`: versions that Azure ML has. */
export async function checkInvariants(
  outcome: Outcome,
): Promise<{ violations: Violation[]; registered: number }> {
  const { ledger, azureMl } = outcome.stores
  const findings = await gatherFindings(ledger, azureMl, outcome.workspaces)
  const violations: Violation[] = []
  for (const found of findings) {
    const check = (invariant: Violation['invariant'], holds: boolean, detail: () => string) => {
      if (!holds) violations.push({ invariant, detail: `${found.asset}: ${detail()}` })
    }
    checkAzureMl(found, outcome, check)
  }
  const check: Check = (invariant, holds, detail) => {
    if (!holds) violations.push({ invariant, detail: detail() })
  }
  checkContents(findings, outcome, check)
  checkFailures(findings, outcome.failures, check)
  violations.push(...(await checkCalm(findings, outcome)))
  const registered = findings
    .flatMap(found => [...found.registered.values()])
    .reduce((sum, versions) => sum + versions.size, 0)
  return { violations, registered }
}

/** Where nothing goes wrong, nothing has to be put right. */
async function checkCalm(
  findings: readonly AssetFindings[],
  { profile, fleet, stores, watch }: Outcome,
): Promise<Violation[]> {
  const violations: Violation[] = []
  const { items: refusals } = await stores.ledger.listRefusals({ limit: 10 })
  const woken = fleet.counted('sweep:woken')
  if (profile.calm && woken > 0) {
    violations.push({ invariant: 'by itself', detail: `the sweep had to wake ${woken} assets` })
  }
  const deliveries = findings
    .flatMap(({ versions }) => versions)
    .reduce((sum, { spec }) => sum + spec.workspaces.length, 0)
  if (profile.calm && watch.sendings() !== deliveries) {
    violations.push({
      invariant: 'by itself',
      detail: `${watch.sendings()} requests for ${deliveries} deliveries`,
    })
  }
  for (const { rule, asset, reason } of refusals) {
    const isPoison = rule === 'poisoned-message'
    if (profile.calm || !isPoison) {
      violations.push({ invariant: 'nothing lost', detail: `${asset} was refused: ${reason}` })
    }
  }
  return violations
}
