import { defaultDatastoreName } from '../naming.ts'
import type { Datastore, RuleSet } from './rule-set.ts'

/** How the container appears in the workspaces: as the rules say, else under a name of its own as blob storage. */
export function datastoreOf(
  rules: Pick<RuleSet, 'datastores'>,
  account: string,
  container: string,
): Datastore {
  return (
    rules.datastores.get(`${account}/${container}`) ?? {
      account,
      container,
      name: defaultDatastoreName(account, container),
      kind: 'azure_blob',
    }
  )
}
