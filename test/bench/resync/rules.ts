/** Rules over the made-up lake: every file is wanted, and what costs is to compare them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEV_ACCOUNT } from '../../../src/emulators/lake/azurite.ts'

const WORKSPACES = `
workspaces:
  ml-retail: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg-retail }
`

/** One asset of each container, of which each file is a part. `settle`: see the README. */
export async function writeRules(
  home: string,
  containers: readonly string[],
  settle = '0s',
): Promise<string> {
  const folder = join(home, 'rules')
  await mkdir(folder, { recursive: true })
  const rules = containers.map(
    container => `
  - name: ${container}
    from: ${DEV_ACCOUNT}/${container}
    match: "curated/{table}/{dataset}/year=*/day=*/*.parquet"
    asset: ${container}
    type: uri_folder
    folder: curated
    settle: ${settle}
    to: [ml-retail]
`,
  )
  await writeFile(join(folder, 'workspaces.yaml'), WORKSPACES)
  await writeFile(join(folder, 'rules.yaml'), `rules:${rules.join('')}`)
  return folder
}

/** The container that holds the first so many blobs. */
export function containerOf(blobs: number): string {
  return `lake-${blobs}`
}
