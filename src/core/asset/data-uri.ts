/**
 * One form for the many in which Azure ML names the same data. The service answers a PUT of
 * `azureml://datastores/D/paths/P` with the long form under subscriptions/…/workspaces/…, and a list with
 * `azureml://workspaces/<guid>/datastores/…`; within one workspace they all mean the same.
 * Any other URI is compared as it is.
 */
export function canonicalDataUri(uri: string): string {
  const match =
    /^azureml:\/\/(?:subscriptions\/[^/]+\/resourcegroups\/[^/]+\/)?(?:workspaces\/[^/]+\/)?datastores\/([^/]+)\/paths\/([\s\S]*)$/i.exec(
      uri,
    )
  if (match === null) return uri
  const [, datastore = '', path = ''] = match
  return `azureml://datastores/${datastore.toLowerCase()}/paths/${path.replace(/\/$/, '')}`
}
