import { beforeEach, describe, expect, it } from 'vitest'
import { createAnnouncer } from '../../src/app/announcer.ts'
import type { RuleFile, RulesStore } from '../../src/app/ports.ts'
import { createOwnRulesStore } from '../../src/app/rules/own-rules-store.ts'
import { openRulesKeeper, RulesError } from '../../src/app/rules/rules-keeper.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryAgenda } from '../../src/memory/agenda.ts'
import { createMemoryRulesStore } from '../../src/memory/rules-store.ts'
import { createMemoryWorkQueue } from '../../src/memory/work-queue.ts'
import { FILES_RULE, silentLog, WORKSPACES_YAML } from '../support/memory-world.ts'
import { NOW } from '../support/samples.ts'

/** A repository that is changed by hand, and processes that share a store. */
function createPlace() {
  let now = NOW
  let commit = ''
  let files: RuleFile[] = []
  let down = false
  let held: Promise<void> | undefined
  let address = 'git#main:rules'
  let refusal: string | undefined
  const clock = { now: () => now }
  const queue = createMemoryWorkQueue(clock)
  const shared = createMemoryRulesStore()
  const reach = () => {
    if (down) throw new TransientError('the git server is down')
  }
  const open = (store: RulesStore = shared, isShared = true) =>
    openRulesKeeper({
      source: {
        address,
        async latestCommit() {
          reach()
          return commit
        },
        async read() {
          reach()
          if (refusal !== undefined) throw new PermanentError(refusal)
          const found = { commit, files }
          const wait = held
          held = undefined
          await wait
          return found
        },
      },
      store,
      announcer: createAnnouncer({ agenda: createMemoryAgenda(), queue, clock }),
      clock,
      log: silentLog,
      isShared,
      commitOf: known => known,
      onActive: () => undefined,
    })
  return {
    open,
    shared,
    push(id: string, rules: string) {
      commit = id
      files = [
        { path: 'rules/workspaces.yaml', text: WORKSPACES_YAML },
        { path: 'rules/files.yaml', text: rules },
      ]
    },
    moveTo: (value: string) => {
      address = value
    },
    /** Who reads next has read what is there then, and gets it when the answer is called. */
    holdReads() {
      const gate = Promise.withResolvers<void>()
      held = gate.promise
      return () => gate.resolve()
    },
    refuse: (reason: string | undefined) => {
      refusal = reason
    },
    setDown: (value: boolean) => {
      down = value
    },
    pass: (ms: number) => {
      now += ms
    },
    /** The folders that are to be listed, of all messages so far. */
    backfills() {
      now += MINUTE
      return queue
        .take()
        .flatMap(message => (message.kind === 'listing' && message.backfill ? message.folder.path : []))
    },
  }
}

describe('the rules that all processes share', () => {
  let place: ReturnType<typeof createPlace>
  beforeEach(() => {
    place = createPlace()
    place.push('aaa1111', FILES_RULE)
  })

  it('are those of the newest commit, and versions carry it', async () => {
    const keeper = await place.open()
    expect(keeper.current().commit).toBe('aaa1111')
    expect(
      keeper.current().match({ account: 'contosolake', container: 'silver', path: 'files/a.csv' }),
    ).toHaveLength(1)
  })

  it('change in every process within seconds once one of them has seen a good commit', async () => {
    const [one, two] = [await place.open(), await place.open()]
    await two.refresh()
    place.push('bbb2222', FILES_RULE.replace('files/{name}', 'other/{name}'))
    await one.refresh()
    expect(one.current().commit).toBe('bbb2222')
    await two.keepUp()
    expect(two.current().commit).toBe('aaa1111')
    place.pass(6 * SECOND)
    await two.keepUp()
    expect(two.current().commit).toBe('bbb2222')
  })

  it('stay as they are when a commit is broken, which is shown with its problems', async () => {
    const keeper = await place.open()
    place.push('bad3333', FILES_RULE.replace('to: [retail]', 'to: [nowhere]'))
    await keeper.refresh()
    expect(keeper.current().commit).toBe('aaa1111')
    expect(keeper.state().candidate).toMatchObject({ commit: 'bad3333' })
    expect(keeper.state().candidate?.problems[0]).toMatch(/^rules\/files\.yaml:\d+:\d+ {2}.*nowhere/)
    place.push('good444', FILES_RULE)
    await keeper.refresh()
    expect(keeper.state()).toMatchObject({ active: { commit: 'good444' }, candidate: undefined })
  })

  it('stay as they are when a commit has no rule files at all', async () => {
    const keeper = await place.open()
    place.push('empty55', '')
    const before = keeper.current()
    await keeper.refresh()
    expect(keeper.current()).toBe(before)
  })

  it('stay as they are when the newest commit cannot be read, which is shown as trouble and tried again', async () => {
    const keeper = await place.open()
    place.push('gone777', FILES_RULE)
    place.refuse('the folder rules is missing')
    await expect(keeper.refresh()).rejects.toThrow('the folder rules is missing')
    expect(keeper.current().commit).toBe('aaa1111')
    expect(keeper.state().candidate).toBeUndefined()
    expect(keeper.trouble()).toMatchObject({ reason: 'the folder rules is missing' })
    place.refuse(undefined)
    await keeper.refresh()
    expect(keeper.current().commit).toBe('gone777')
    expect(keeper.trouble()).toBeUndefined()
  })

  it('are read anew where the same commit is asked for at another address', async () => {
    place.push('bad3333', 'rules: nonsense')
    await expect(place.open()).rejects.toBeInstanceOf(RulesError)
    place.push('bad3333', FILES_RULE)
    place.moveTo('git#main:other')
    expect((await place.open()).current().commit).toBe('bad3333')
    const wanted = FILES_RULE.replace('files/{name}', 'other/{name}')
    place.push('bad3333', wanted)
    place.moveTo('git#main:third')
    const keeper = await place.open()
    await keeper.refresh()
    expect(keeper.current().rules.rules[0]?.match.source).toBe('other/{name}.csv')
  })

  it('that this version refuses, though an older one took them, are replaced by the next good commit', async () => {
    await place.shared.write(undefined, {
      active: {
        commit: 'old0000',
        address: 'git#main:rules',
        files: [{ path: 'a.yaml', text: 'rules: old' }],
        since: 1,
      },
      candidate: undefined,
      backfill: [],
    })
    expect((await place.open()).current().commit).toBe('aaa1111')
  })

  it('are never planned from one state and written over another', async () => {
    const [slow, fast] = [await place.open(), await place.open()]
    await Promise.all([slow.refresh(), fast.refresh()])
    place.push('bad3333', 'rules: nonsense')
    const release = place.holdReads()
    const reading = slow.refresh()
    await new Promise(resolve => setImmediate(resolve))
    place.push('good444', FILES_RULE.replace('files/{name}', 'other/{name}'))
    await fast.refresh()
    place.pass(MINUTE)
    await slow.keepUp()
    release()
    await reading
    await fast.refresh()
    expect(fast.current().commit).toBe('good444')
    expect(slow.current().commit).toBe('good444')
  })

  it('are the last good ones where a process starts while the source is down', async () => {
    await place.open()
    place.setDown(true)
    expect((await place.open()).current().commit).toBe('aaa1111')
  })

  it('do not start where there never were good ones', async () => {
    place.push('bad3333', 'rules: nonsense')
    await expect(place.open()).rejects.toBeInstanceOf(RulesError)
    const other = createPlace()
    other.setDown(true)
    await expect(other.open()).rejects.toBeInstanceOf(TransientError)
  })

  it('go back to an older commit as well', async () => {
    const keeper = await place.open()
    place.push('bbb2222', FILES_RULE.replace('files/{name}', 'other/{name}'))
    await keeper.refresh()
    place.push('aaa1111', FILES_RULE)
    await keeper.refresh()
    expect(keeper.current().commit).toBe('aaa1111')
  })

  it('have the places listed where they register what the old ones did not', async () => {
    const keeper = await place.open()
    expect(place.backfills()).toEqual([])
    const more = `${FILES_RULE}
  - { name: more, from: contosolake/silver, match: "raw/in/{name}.json", asset: "raw-{name}", to: [ml-retail] }
  - { name: same-place, from: contosolake/silver, match: "raw/in/x/*.csv", asset: x, type: uri_folder, settle: 1m, to: [ml-retail] }
`
    place.push('bbb2222', more)
    await keeper.refresh()
    expect(place.backfills()).toEqual(['raw/in'])
    await keeper.refresh()
    expect(place.backfills()).toEqual([])
  })

  it('have nothing listed for a rule that was renamed, moved to another file or lost a workspace', async () => {
    const keeper = await place.open()
    place.push(
      'bbb2222',
      FILES_RULE.replace('name: files', 'name: renamed').replace('[retail]', '[ml-retail]'),
    )
    await keeper.refresh()
    expect(keeper.current().commit).toBe('bbb2222')
    expect(place.backfills()).toEqual([])
    place.push('ccc3333', FILES_RULE)
    await keeper.refresh()
    expect(place.backfills()).toEqual(['files'])
  })

  it('have a place listed even where the process died that put them in force', async () => {
    const keeper = await place.open()
    place.push(
      'bbb2222',
      `${FILES_RULE}\n  - { name: more, from: contosolake/silver, match: "raw/*.json", asset: raw, type: uri_folder, settle: 1m, to: [ml-retail] }\n`,
    )
    let writes = 0
    // It puts them in force and announces the place, and dies before it can strike that off.
    const dying = await place.open({
      read: etag => place.shared.read(etag),
      async write(etag, state) {
        writes += 1
        if (writes > 1) throw new TransientError('the process is gone')
        return place.shared.write(etag, state)
      },
    })
    await expect(dying.refresh()).rejects.toThrow('the process is gone')
    place.setDown(true)
    place.backfills()
    place.pass(MINUTE)
    await expect(keeper.refresh()).rejects.toThrow('the git server is down')
    expect(place.backfills()).toEqual(['raw'])
  })
})

describe('the rules of a folder', () => {
  it('are each process’s own, and begin where the last process ended', async () => {
    const place = createPlace()
    place.push('folder1', FILES_RULE)
    const old = await place.open(createOwnRulesStore(place.shared), false)
    place.push(
      'folder2',
      `${FILES_RULE}\n  - { name: more, from: contosolake/silver, match: "raw/*.json", asset: raw, type: uri_folder, settle: 1m, to: [ml-retail] }\n`,
    )
    const young = await place.open(createOwnRulesStore(place.shared), false)
    expect(young.current().commit).toBe('folder2')
    expect(place.backfills()).toEqual(['raw'])
    place.pass(MINUTE)
    await old.keepUp()
    expect(old.current().commit).toBe('folder1')
  })
})
