import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ALIASES,
  type Alias,
  armVersions,
  createHome,
  lakeClient,
  type RunningLakemark,
  startLakemark,
  until,
  writeRules,
} from './process.ts'

const FILES = 200
const REGIONS = ['eu', 'us']
const FOLDERS = `
rules:
  - name: daily-sales
    from: devstoreaccount1/silver
    match: sales/{region}/*.parquet
    asset: sales-{region}
    type: uri_folder
    folder: sales/{region}
    settle: 2s
    maxWait: 1m
    to: [retail]
`

describe('two hundred files into folders that settle', () => {
  let home: string
  let remove: () => Promise<void>
  let env: Record<string, string>
  let lakemark: RunningLakemark

  beforeEach(async () => {
    ;({ home, remove } = await createHome())
    env = { LAKEMARK_RULES: await writeRules(home, FOLDERS) }
    lakemark = await startLakemark(home, env)
  })
  afterEach(async () => {
    await lakemark.interrupt()
    await remove()
  })

  const pathOf = (index: number) => `sales/${REGIONS[index % 2]}/part-${index}.parquet`

  /** Uploads in lanes of ten; an upload that the lake did not answer is tried again until `give up`. */
  async function upload(from: number, to: number, lake = lakemark.lake) {
    const container = lakeClient(lake).getContainerClient('silver')
    await container.createIfNotExists()
    const indexes = Array.from({ length: to - from }, (_, index) => from + index).values()
    const lane = async () => {
      for (const index of indexes) await container.getBlockBlobClient(pathOf(index)).upload('data', 4)
    }
    await Promise.all(Array.from({ length: 10 }, lane))
  }

  /** How many files the versions of an asset have taken in, as each workspace knows it. */
  async function filesIn(alias: Alias, region: string): Promise<number> {
    const versions = await armVersions(lakemark.azureMl, alias, `sales-${region}`)
    return versions.reduce((sum, { properties }) => sum + Number(properties.properties['lakemark.files']), 0)
  }

  async function everythingRegistered() {
    await until('all files in versions of both assets, in both workspaces', async () => {
      const counts = await Promise.all(
        ALIASES.flatMap(alias => REGIONS.map(region => filesIn(alias, region))),
      )
      return counts.every(count => count >= FILES / 2)
    })
  }

  async function expectSameEverywhereAndNothingTwice() {
    for (const region of REGIONS) {
      const [one, two] = await Promise.all(
        ALIASES.map(async alias =>
          (await armVersions(lakemark.azureMl, alias, `sales-${region}`)).map(({ name, properties }) => ({
            name,
            fingerprint: properties.properties['lakemark.fingerprint'],
            files: properties.properties['lakemark.files'],
          })),
        ),
      )
      expect(one).toEqual(two)
      expect(one?.map(({ name }) => name)).toEqual(one?.map((_, index) => String(index + 1)))
      for (const alias of ALIASES) expect(await filesIn(alias, region)).toBe(FILES / 2)
    }
  }

  it('become one version an asset, its members counted right', async () => {
    await upload(0, FILES)
    await everythingRegistered()
    await expectSameEverywhereAndNothingTwice()
  })

  it('are all registered, and none twice, when Ctrl-C comes in the middle', async () => {
    await upload(0, FILES / 2)
    const interrupted = upload(FILES / 2, FILES).catch(() => 'cut off' as const)
    expect(await lakemark.interrupt()).toBe(0)
    await interrupted
    lakemark = await startLakemark(home, env)
    // The uploader, too, goes on where it was: files whose upload was not confirmed are uploaded again.
    const container = lakeClient(lakemark.lake).getContainerClient('silver')
    for (let index = FILES / 2; index < FILES; index += 1) {
      const blob = container.getBlockBlobClient(pathOf(index))
      if (!(await blob.exists())) await blob.upload('data', 4)
    }
    await everythingRegistered()
    await expectSameEverywhereAndNothingTwice()
  })
})
