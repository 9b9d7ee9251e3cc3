import { escapePattern } from '../patterns/pattern.ts'
import { toDatasetPath } from './dataset-path.ts'
import type { Registration, Target } from './request.ts'

/**
 * What a registration is about, dataset by dataset and within one in the order of the datastores. The same every
 * time: whoever goes on with a run counts as the one who began it did.
 */
export function targetsOf({ datasets, datastores, workspaces, files }: Registration): Target[] {
  return datasets.flatMap(({ name, path }, dataset) => {
    const place = toDatasetPath(path)
    return datastores.map((datastore, at): Target => {
      const index = dataset * datastores.length + at
      const file = files.includes(index) ? place.plain : undefined
      return {
        index,
        at: { dataset, datastore: at },
        dataset: name,
        datastore,
        asset: assetOf(name, datastore.name, at === datastores.length - 1),
        path,
        workspaces,
        ...(file === undefined
          ? {
              type: 'uri_folder',
              dataPath: place.folder,
              pattern: place.pattern,
              prefix: place.prefix,
            }
          : { type: 'uri_file', dataPath: file, pattern: escapePattern(file), prefix: file }),
      }
    })
  })
}

/**
 * The last datastore's asset has the dataset's name, as it always had where the ancestor registered from the last one
 * alone; each other one has a name of its own. In one asset, which data is the newest would be left to chance.
 */
function assetOf(dataset: string, datastore: string, isLast: boolean): string {
  return isLast ? dataset : `${dataset}-${datastore}`
}

/** Of a target that need not be a folder: the path that may be a file. */
export function plainPathOf({ path }: Target): string | undefined {
  return toDatasetPath(path).plain
}
