import { app, type HttpHandler } from '@azure/functions'
import { describe, expect, it, vi } from 'vitest'
import { type RouteHandlers, registerRoutes } from '../../src/functions/http/register-routes.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import { ROUTE_TABLE } from '../../src/functions/routes/table.ts'

describe('the table of routes', () => {
  it('names each route once', () => {
    expect(ROUTE_TABLE.map(({ name }) => name)).toEqual(ROUTES.map(({ name }) => name))
    expect(new Set(ROUTE_TABLE.map(({ name }) => name)).size).toBe(ROUTE_TABLE.length)
  })

  it('lets no two routes answer one request: in Azure the order of registration would choose', () => {
    const rivals = ROUTE_TABLE.flatMap((a, index) =>
      ROUTE_TABLE.slice(index + 1)
        .filter(b => a.method === b.method && meet(a.path.split('/'), b.path.split('/')))
        .map(b => `${a.method} ${a.path} and ${b.path}`),
    )
    expect(rivals).toEqual([])
  })

  it.each([
    ['runs/{id}', 'runs/latest', true],
    ['{a}/x', 'y/{b}', true],
    ['runs/{id}', 'runs', false],
    ['runs/{id}/findings', 'runs/{id}/files', false],
  ])('%s and %s: %s', (a, b, both) => {
    expect(meet(a.split('/'), b.split('/'))).toBe(both)
  })
})

describe('registering the routes', () => {
  it('opens what answers them with the first call, and again where that failed', async () => {
    const handlers: HttpHandler[] = []
    const http = vi.spyOn(app, 'http').mockImplementation((_, { handler }) => void handlers.push(handler))
    let opened = 0
    const answers: RouteHandlers = new Map([['live', async () => ({ status: 200 })]])
    registerRoutes([{ name: 'live', method: 'GET', path: 'health/live' }], async () => {
      opened += 1
      if (opened === 1) throw new Error('EMFILE: too many open files')
      return answers
    })
    http.mockRestore()
    const call = async () => handlers[0]?.({} as never, {} as never)
    await expect(call()).rejects.toThrow('EMFILE')
    expect([await call(), await call(), opened]).toEqual([{ status: 200 }, { status: 200 }, 2])
  })
})

/** Whether there is a path that both templates match. */
function meet(a: readonly string[], b: readonly string[]): boolean {
  const isOpen = (segment: string | undefined) => segment?.startsWith('{') === true
  return a.length === b.length && a.every((part, at) => isOpen(part) || isOpen(b[at]) || part === b[at])
}
