import type { Datastore, DatastoreCredential, RuleSet, Workspace } from './rule-set.ts'

/** A datastore with a credential, in one workspace that gets data from it. */
export interface SecuredDatastore {
  /** The same as long as workspace and container are, whatever the credential. */
  key: string
  workspace: Workspace
  datastore: Datastore & { credential: DatastoreCredential }
}

/** All that the rules ask for: each container with a credential, in every workspace of the rules that watch it. */
export function securedDatastores({ rules, workspaces, datastores }: RuleSet): SecuredDatastore[] {
  const found = new Map<string, SecuredDatastore>()
  for (const { account, container, workspaces: aliases } of rules) {
    const datastore = datastores.get(`${account}/${container}`)
    if (!isSecured(datastore)) continue
    for (const alias of aliases) {
      const workspace = workspaces.get(alias)
      const key = `${alias}!${account}!${container}`
      if (workspace !== undefined) found.set(key, { key, workspace, datastore })
    }
  }
  return [...found.values()]
}

function isSecured(datastore: Datastore | undefined): datastore is SecuredDatastore['datastore'] {
  return datastore?.credential !== undefined
}
