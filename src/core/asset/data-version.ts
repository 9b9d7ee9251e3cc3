import type { AssetType } from '../rules/rule-set.ts'
import type { Version } from './asset.ts'

/** The body of a data version in Azure ML, as far as it is ours to choose. */
export interface DataVersionBody {
  type: AssetType
  dataUri: string
  description: string | undefined
  tags: Record<string, string>
  properties: Record<string, string>
}

/** By this property we know our own versions again. */
export const FINGERPRINT = 'lakemark.fingerprint'
/** Longer values are cut: Azure ML publishes no bound for the properties of data, this is ours. */
const MAX_PROPERTY_LENGTH = 1000

/**
 * What Azure ML is told of a version. The properties say where it comes from:
 * `lakemark.rule`, `.commit` (when known), `.source` (the file, or the folder with a slash at its end),
 * `.etag` (of the file, or of the last file taken in), `.fingerprint`, `.files` (taken in with this
 * version), `.cut` (when, and what caused it).
 */
export function toDataVersion(version: Version): DataVersionBody {
  const { spec } = version
  return {
    type: spec.type,
    dataUri: dataUriOf(spec.datastore.name, spec.dataPath),
    description: spec.description,
    tags: spec.tags,
    properties: bounded({
      'lakemark.rule': spec.rule,
      ...(spec.commit === undefined ? {} : { 'lakemark.commit': spec.commit }),
      'lakemark.source': sourceOf(version),
      'lakemark.etag': version.etag,
      [FINGERPRINT]: version.fingerprint,
      'lakemark.files': String(version.files),
      'lakemark.cut': `${new Date(version.cutAt).toISOString()} ${version.cause}`,
    }),
  }
}

/**
 * Azure ML's short form; the service answers with the long one. The path stands as it is: whether consumers decode
 * percent signs in it is not documented.
 */
export function dataUriOf(datastore: string, dataPath: string): string {
  return `azureml://datastores/${datastore}/paths/${dataPath}`
}

/** `account/container/path`, of a folder with a slash at its end. */
export function sourceOf({ spec }: Version): string {
  const place = `${spec.account}/${spec.container}`
  if (spec.type === 'uri_file') return `${place}/${spec.dataPath}`
  return spec.dataPath === '' ? `${place}/` : `${place}/${spec.dataPath}/`
}

function bounded(properties: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      value.slice(0, MAX_PROPERTY_LENGTH).toWellFormed(),
    ]),
  )
}
