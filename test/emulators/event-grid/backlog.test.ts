import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBacklog } from '../../../src/emulators/event-grid/backlog.ts'
import { gridEvent } from './endpoint.ts'

describe('the backlog', () => {
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakemark-backlog-'))
    file = join(folder, 'backlog.jsonl')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const lines = async () => (await readFile(file, 'utf8')).split('\n').length - 1

  it('remembers attempts of each subscription for itself', async () => {
    const first = await openBacklog(file)
    const [a] = await first.add(gridEvent('x'), ['a', 'b'], 100)
    await first.tried(a ? [a] : [], 200, 'Busy')
    await first.tried(a ? [a] : [], 300, 'TimedOut')
    await first.close()

    const second = await openBacklog(file)

    expect(second.owed()).toMatchObject([
      { subscription: 'a', publishedAt: 100, attempts: 2, lastAttemptAt: 300, lastOutcome: 'TimedOut' },
      { subscription: 'b', publishedAt: 100, attempts: 0 },
    ])
    await second.close()
  })

  it('rewrites its journal without the finished ones, while others are being added', async () => {
    const backlog = await openBacklog(file)
    const added = await Promise.all(
      Array.from({ length: 10_500 }, (_, index) => backlog.add(gridEvent(`${index}`), ['a'], 0)),
    )
    const owed = added.flat()
    expect(await lines()).toBe(10_500)

    await Promise.all([
      backlog.finished(owed.slice(0, 9_000)),
      backlog.finished(owed.slice(9_000, 10_400)),
      backlog.add(gridEvent('meanwhile'), ['a'], 0),
    ])
    await backlog.add(gridEvent('after'), ['a'], 0)
    await backlog.close()

    expect(await lines()).toBeLessThan(110)
    const next = await openBacklog(file)
    const subjects = next.owed().map(({ event }) => event.subject)
    const expected = owed.slice(10_400).map(({ event }) => event.subject)
    expect(subjects).toEqual([...expected, 'meanwhile', 'after'])
    const numbers = next.owed().map(({ number }) => number)
    expect(new Set(numbers).size).toBe(102)
    const [last] = await next.add(gridEvent('newest'), ['a'], 0)
    expect(last?.number).toBeGreaterThan(Math.max(...numbers))
    await next.close()
  })
})
