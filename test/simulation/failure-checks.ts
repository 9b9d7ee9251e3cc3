import type { Failure } from '../../src/app/failures/failure.ts'
import type { Check } from './azure-ml-checks.ts'
import type { AssetFindings } from './findings.ts'

/** Whoever asks for the list of failures is shown each delivery that has failed, and none that has not. */
export function checkFailures(
  findings: readonly AssetFindings[],
  listed: readonly Failure[],
  check: Check,
): void {
  const failed = findings.flatMap(({ asset, versions }) =>
    versions
      .filter(({ movedTo }) => movedTo === undefined)
      .flatMap(({ number, outcomes }) =>
        Object.entries(outcomes).flatMap(([alias, outcome]) =>
          outcome.state === 'failed' ? [`${asset} ${number} in ${alias}: ${outcome.reason}`] : [],
        ),
      ),
  )
  const shown = listed
    .filter(({ kind }) => kind === 'delivery')
    .map(({ asset, version, workspace, reason }) => `${asset} ${version} in ${workspace}: ${reason}`)
  for (const failure of failed) {
    check('nothing lost', shown.includes(failure), () => `${failure} has failed, and is not in the list`)
  }
  for (const failure of shown) {
    check('explained', failed.includes(failure), () => `${failure} is in the list, and has not failed`)
  }
  check('once', new Set(shown).size === shown.length, () => `failures are listed twice: ${shown.join(', ')}`)
}
