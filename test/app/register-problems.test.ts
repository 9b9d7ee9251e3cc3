import { describe, expect, it } from 'vitest'
import type { RegisterRequest } from '../../src/core/register/request.ts'
import { DAY } from '../../src/core/time.ts'
import { createMemoryWorld } from '../support/memory-world.ts'
import {
  ask,
  begin,
  DEFINITIONS,
  type MemoryWorld,
  register,
  requestOf,
  shown,
  WATCHING_RULES,
} from './register-scene.ts'

const { RETAIL, FORECAST, SILVER, BRONZE } = DEFINITIONS

async function problemsOf(world: MemoryWorld, request: RegisterRequest): Promise<string[]> {
  const answer = await ask(world, request)
  if (answer.kind !== 'wrong') throw new Error(`it was ${answer.kind}`)
  return answer.problems.map(({ path, problem }) => `${path}: ${problem}`)
}

describe('a request that the rules do not allow', () => {
  it('is told all that is wrong with it at once, where, and what would be right', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    const wrong: RegisterRequest = {
      workspace_definition: [
        { ...RETAIL, workspace_name: 'ml-retial' },
        { ...FORECAST, resource_group: 'rg-retail' },
        { ...FORECAST, subscription_id: RETAIL.subscription_id },
        RETAIL,
        { ...RETAIL, resource_group: 'RG-Retail' },
      ],
      datastore_definition: [
        { ...SILVER, filesystem: 'slver' },
        { ...SILVER, account_name: 'contosolakes' },
        { ...SILVER, adlsgen2_datastore_name: 'contosolake_bronze' },
        BRONZE,
      ],
      dataset_definition: [
        { dataset_name: 'sales', dataset_path: 'a' },
        { dataset_name: 'sales', dataset_path: 'b' },
      ],
    }
    expect(await problemsOf(world, wrong)).toEqual([
      'workspace_definition[0].workspace_name: the rules know no workspace ml-retial; did you mean ml-retail?',
      expect.stringMatching(/^workspace_definition\[1\]\.resource_group: .* in rg-forecast of subscription/),
      expect.stringMatching(/^workspace_definition\[2\]\.subscription_id: .* in rg-forecast of subscription/),
      'workspace_definition[4]: is the same as workspace_definition[3]; leave one of them out',
      'datastore_definition[1].adlsgen2_datastore_name: datastore_definition[0] has this name; give each filesystem one of its own',
      'dataset_definition[1].dataset_name: dataset_definition[0] has this name; one dataset is one path, which may be a glob',
      'datastore_definition[0].filesystem: no rule watches contosolake/slver; did you mean contosolake/silver?',
      'datastore_definition[1].account_name: no rule watches contosolakes/silver; did you mean contosolake/silver?',
      'datastore_definition[2].adlsgen2_datastore_name: contosolake_bronze stands for contosolake/bronze in the rules; give the datastore another name, such as contosolake_silver',
    ])
    expect((await world.lakemark.resync.list({ limit: 10 })).items).toEqual([])
  })

  it('may not give two assets one name', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    const request = requestOf({ sales: 'a', 'sales-silver': 'b' }, { datastores: [SILVER, BRONZE] })
    expect(await problemsOf(world, request)).toEqual([
      'dataset_definition[1].dataset_name: makes the asset sales-silver from the datastore bronze, as dataset_definition[0] does from silver; name them apart',
    ])
    const long = 'x'.repeat(255)
    expect(await problemsOf(world, requestOf({ [long]: 'a' }, { datastores: [SILVER, BRONZE] }))).toEqual([
      "dataset_definition[0].dataset_name: with the datastore's name silver at its end it is no name of an asset; make it shorter",
    ])
  })

  it('may not be about more assets than one run can see to', async () => {
    const datasets = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`d${at}`, `d${at}`]))
    const world = createMemoryWorld(WATCHING_RULES)
    expect(await problemsOf(world, requestOf(datasets, { datastores: [SILVER, BRONZE] }))).toEqual([
      'dataset_definition: 101 datasets from 2 datastores are 202 assets; the most is 200: send them in several requests',
    ])
  })

  it('may not make another thing of an asset that a rule makes', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('x/a.csv')
    expect(await problemsOf(world, requestOf({ 'watched-a': 'x' }))).toEqual([
      'dataset_definition[0].dataset_name: rule silver makes assets of this name as uri_file, and watched-a would be a uri_folder; give the dataset another name',
    ])
    expect(await problemsOf(world, requestOf({ 'watched-a': 'x/a.csv' }, { workspaces: [RETAIL] }))).toEqual([
      'dataset_definition[0].dataset_name: rule silver makes assets of this name for ml-forecast, ml-retail; ask for the same workspaces, or give the dataset another name',
    ])
  })

  it('joins an asset of a rule with which it agrees: the same content is registered once', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    await world.deliver(world.upload('watched/a.csv'))
    await world.drain()
    const same = await register(world, requestOf({ 'watched-a': 'watched/a.csv' }))
    expect(same).toMatchObject({ state: 'done', assets: [{ type: 'uri_file', new: 0, version: 1 }] })
    world.upload('watched/a.csv')
    const changed = await register(world, requestOf({ 'watched-a': 'watched/a.csv' }))
    expect(changed).toMatchObject({ state: 'done', assets: [{ changed: 1, version: 2 }] })
  })

  it('may not make a file of an asset that was a folder', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('x/a.csv')
    await register(world, requestOf({ data: 'x' }))
    expect(await problemsOf(world, requestOf({ data: 'x/a.csv' }))).toEqual([
      'dataset_definition[0].dataset_name: the asset data exists as uri_folder, and would be a uri_file; give the dataset another name',
    ])
  })

  it('fails with the number of files that cannot be taken in, and why', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('x/a.csv')
    world.upload('y/b.csv')
    const first = await begin(world, requestOf({ data: 'x/a.csv' }))
    const second = await begin(world, requestOf({ data: 'y' }))
    await world.drain()
    const states = await Promise.all([first, second].map(async ({ id }) => (await shown(world, id)).state))
    expect(states.sort()).toEqual(['done', 'failed'])
    const { reason } = await shown(world, second.id)
    expect(reason).toBe(
      'a file of data could not be taken in: asset data exists with another type than uri_folder',
    )
  })

  it('fails where a file is still being copied: done means that all is registered', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('x/a.csv')
    const ref = { account: 'contosolake', container: 'silver', path: 'x/b.csv' }
    world.lake.put(ref, { etag: '0xb', sizeBytes: 1, isDirectory: false, isBeingCopied: true })
    expect(await register(world, requestOf({ data: 'x' }))).toMatchObject({
      state: 'failed',
      reason: 'a file of data left out, still being copied: ask again',
      assets: [{ files: 2, settling: 1, version: 1 }],
    })
  })
})

describe('two requests for the same', () => {
  it('that come together are one run, and make one version', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('x/a.csv')
    const answers = await Promise.all([1, 2, 3].map(() => ask(world, requestOf({ data: 'x' }))))
    const ids = answers.map(answer => ('registration' in answer ? answer.registration.id : answer.kind))
    expect(new Set(ids).size).toBe(1)
    await world.drain()
    expect(await world.registered('ml-retail', 'data')).toEqual({ 1: 'x' })
  })

  it('are two runs where the first one lists already: what was written since may be behind it', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    for (const name of ['a', 'b', 'c']) world.upload(`x/${name}.csv`)
    const first = await begin(world, requestOf({ data: 'x' }))
    // The run as a whole, its only part, and the smaller ones that this is cut into.
    for (let step = 0; step < 4; step += 1) {
      for (const message of world.queue.take()) {
        if (message.kind === 'run') await world.lakemark.resync.work(message)
      }
    }
    expect((await shown(world, first.id)).assets[0]?.files).toBe(3)
    world.upload('x/b.csv')
    const second = await begin(world, requestOf({ data: 'x' }))
    const third = await begin(world, requestOf({ data: 'x' }))
    expect([second.id === first.id, third.id === second.id]).toEqual([false, true])
    await world.drain()
    expect(await shown(world, second.id)).toMatchObject({ state: 'done', assets: [{ changed: 1 }] })
    const versions = (await world.lakemark.status.asset('data'))?.versions ?? []
    const etags = await Promise.all(
      versions.map(async ({ version }) =>
        (await world.ledger.readMembers('data', version, { limit: 10 })).items.map(({ etag }) => etag),
      ),
    )
    expect(etags.flat()).toContain('0x4')
    expect((await world.runStore.read('register', '', 'runs'))?.document.open).toEqual([])
  })

  it('with one Idempotency-Key are the same run, also when it is over, and the key stands for nothing else', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    world.upload('x/a.csv')
    const first = await register(world, requestOf({ data: 'x' }), { idempotencyKey: 'k' })
    world.upload('x/b.csv')
    const second = await ask(world, requestOf({ data: 'x' }), { idempotencyKey: 'k' })
    expect(second).toMatchObject({ kind: 'repeated', registration: { id: first.id, state: 'done' } })
    const other = await ask(world, requestOf({ data: 'y' }), { idempotencyKey: 'k' })
    expect(other).toMatchObject({ kind: 'refused', why: 'key' })
    expect(await ask(world, requestOf({ data: 'x' }))).toMatchObject({ kind: 'started' })
  })

  it('leave nothing behind where the second joined the first', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    const kept: string[] = []
    const { put, write, remove } = world.runStore
    Object.assign(world.runStore, {
      write: async (...of: Parameters<typeof write>) => {
        if (of[0] === 'registration') kept.push(of[1])
        return write(...of)
      },
      remove: async (...of: Parameters<typeof remove>) => {
        if (of[0] === 'registration') kept.splice(kept.indexOf(of[1]), 1)
        return remove(...of)
      },
      put,
    })
    const { id } = await begin(world, requestOf({ data: 'x' }))
    await begin(world, requestOf({ data: 'x' }))
    expect(kept).toEqual([id])
  })
})

describe('runs that register', () => {
  it('are not in the way of re-sync, and as many as may be are under way at once', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    for (let at = 0; at < 64; at += 1) await begin(world, requestOf({ data: `x${at}` }))
    expect(await ask(world, requestOf({ data: 'y' }))).toMatchObject({ kind: 'refused', why: 'busy' })
    const resync = await world.lakemark.resync.start({ filter: {}, by: 'ana' })
    expect(resync.kind).toBe('started')
    await world.drain()
    expect((await ask(world, requestOf({ data: 'y' }))).kind).toBe('started')
  })

  it('ask the ledger once: what is known of a folder is remembered, and forgotten when nobody asks any more', async () => {
    let reads = 0
    const world = createMemoryWorld(WATCHING_RULES, ({ ledger }) => ({
      ledger: {
        ...ledger,
        readFiles: (asset, keys) => {
          reads += keys.files.length
          return ledger.readFiles(asset, keys)
        },
      },
    }))
    for (let at = 0; at < 300; at += 1) world.upload(`x/${at}.csv`)
    await register(world, requestOf({ data: 'x' }))
    reads = 0
    const again = await register(world, requestOf({ data: 'x' }))
    expect([again.assets[0]?.files, again.assets[0]?.new, reads]).toEqual([300, 0, 0])
    world.upload('x/7.csv')
    const changed = await register(world, requestOf({ data: 'x' }))
    expect(changed.assets[0]).toMatchObject({ files: 300, changed: 1, version: 2 })
    expect(await world.listingIndex.places()).toHaveLength(1)

    const rowsOf = async () => {
      const [place] = await world.listingIndex.places()
      return place === undefined ? [] : (await world.listingIndex.read(place, '', { limit: 10 })).items
    }
    world.pass(29 * DAY)
    await world.lakemark.resync.startScheduled()
    expect((await rowsOf()).length).toBeGreaterThan(0)
    const { id } = changed
    world.pass(2 * DAY)
    await world.drain()
    for (let days = 0; days < 2; days += 1) await world.lakemark.resync.startScheduled()
    expect(await rowsOf()).toEqual([])
    expect(await world.runStore.read('registration', id, 'request')).toBeUndefined()
  })

  it('are listed among the others, as what they are', async () => {
    const world = createMemoryWorld(WATCHING_RULES)
    const { id } = await begin(world, requestOf({ data: 'x' }))
    const { items } = await world.lakemark.resync.list({ limit: 10 })
    expect(items.map(it => [it.id, it.kind])).toEqual([[id, 'register']])
  })
})
