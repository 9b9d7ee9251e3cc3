/** The names that a service knows, for completion and for telling which one was perhaps meant. */
import type { AssetSummary } from '../../app/questions/asset-views.ts'
import type { RunView } from '../../app/resync/run-view.ts'
import { CLOUD_NAMES, cloudOf } from '../../core/clouds.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { RulesView } from '../../functions/routes/rules.ts'
import type { NameKind } from '../command.ts'
import { UsageError } from '../usage-error.ts'
import type { Paged, Service } from './client.ts'

/** `beginning`: of the names that are wanted, for those that there may be very many of. */
export type ServiceNames = Record<NameKind, (beginning?: string) => Promise<string[]>>

const MAX_RUNS = 20
const MAX_ASSETS = 1000

/** At most a thousand assets, in the order of their names. Rejects as the service's calls do. */
export function knownNames(service: Pick<Service, 'call'>): ServiceNames {
  const rules = async (): Promise<RuleSet> => {
    const { files = [] } = await service.call<RulesView>('rules', { query: { include: 'files' } })
    // Few commands ever need it.
    const { parseRules } = await import('../../core/rules/parse-rules.ts')
    // The service may be in another cloud than this machine is set to.
    for (const name of CLOUD_NAMES) {
      const parsed = parseRules(files, { cloud: cloudOf(name) })
      if (parsed.ok) return parsed.rules
    }
    throw new UsageError('the rules of the service are of another version')
  }
  return {
    async assets(beginning = '') {
      const q = /^[\w-]{1,255}$/.test(beginning) ? `${beginning}*` : undefined
      const page = await service.call<Paged & { assets: AssetSummary[] }>('assets', {
        query: { limit: MAX_ASSETS, q },
      })
      return page.assets.map(({ name }) => name)
    },
    async runs() {
      const page = await service.call<Paged & { runs: RunView[] }>('runs', { query: { limit: MAX_RUNS } })
      return page.runs.map(({ id }) => id)
    },
    rules: async () => ruleNames(await rules(), 'rules'),
    workspaces: async () => ruleNames(await rules(), 'workspaces'),
    containers: async () => ruleNames(await rules(), 'containers'),
  }
}

/** What a set of rules names. */
export function ruleNames({ rules }: RuleSet, kind: 'rules' | 'workspaces' | 'containers'): string[] {
  switch (kind) {
    case 'rules':
      return rules.map(({ name }) => name)
    case 'workspaces':
      return [...new Set(rules.flatMap(({ workspaces }) => workspaces))]
    case 'containers':
      return [...new Set(rules.map(({ account, container }) => `${account}/${container}`))]
  }
}
