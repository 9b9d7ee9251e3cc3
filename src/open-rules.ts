import type { Announcer } from './app/announcer.ts'
import type { Clock, Log, RulesSource, RulesStore } from './app/ports.ts'
import { createOwnRulesStore } from './app/rules/own-rules-store.ts'
import { openRulesKeeper, type RulesKeeper } from './app/rules/rules-keeper.ts'
import { createCredential } from './azure/credential.ts'
import type { Secrets } from './azure/secrets.ts'
import type { Config } from './config.ts'
import type { RuleSet } from './core/rules/rule-set.ts'
import { createFolderRules } from './files/folder-rules.ts'
import { loadRules } from './load-rules.ts'

interface Parts {
  store: RulesStore
  announcer: Announcer
  clock: Clock
  log: Log
  onActive: (rules: RuleSet) => void
}

/**
 * The rules as the settings name them: from a git repository, shared by all processes, or from a folder of this
 * one. Rejects with RulesError where there are no good rules.
 */
export async function openRules(config: Config, { store, ...parts }: Parts): Promise<RulesKeeper> {
  const { rules, rulesCommit, cloud } = config
  if (rules.kind === 'git') {
    // Only here: what speaks git takes a while to load.
    const { createGitRules } = await import('./git/git-rules.ts')
    const source: RulesSource = createGitRules({ ...rules, token: createTokenReader(config) })
    return openRulesKeeper({ ...parts, cloud, source, store, isShared: true, commitOf: commit => commit })
  }
  // A folder with problems never starts, whatever was in force before.
  const { warnings } = await loadRules(rules.folder, rulesCommit, cloud)
  for (const warning of warnings) parts.log.warn('rules', { warning })
  const source = createFolderRules(rules.folder)
  const own = createOwnRulesStore(store)
  return openRulesKeeper({
    ...parts,
    cloud,
    source,
    store: own,
    isShared: false,
    commitOf: () => rulesCommit,
  })
}

/** The token itself, or what the Key Vault that it names holds now. */
function createTokenReader({ rulesToken, clientId, cloud }: Config): () => Promise<string | undefined> {
  if (!rulesToken?.startsWith('keyvault:')) return async () => rulesToken
  let secrets: Secrets | undefined
  return async () => {
    const { createSecrets } = await import('./azure/secrets.ts')
    secrets ??= createSecrets({ credential: createCredential(clientId, cloud), cloud })
    return (await secrets.read(rulesToken)).value
  }
}
