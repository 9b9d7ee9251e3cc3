import { describe, expect, it } from 'vitest'
import { type Json, senderFor, startEmulator, version } from './bench.ts'

const start = async () => senderFor(await startEmulator())

describe('lists', () => {
  const names = (body: { value: { name: string }[] }) => body.value.map(item => item.name)

  async function withVersions() {
    const send = await start()
    const all: Json[] = [{ tags: { a: '1' } }, { isArchived: true }, { tags: { a: '2', b: '' } }, {}]
    for (const [index, properties] of all.entries()) {
      await send('PUT', `/data/sales/versions/${index + 1}`, version('a.csv', properties))
    }
    return send
  }

  it.each([
    ['', ['4', '3', '1']],
    ['&$orderBy=createdtime desc', ['4', '3', '1']],
    ['&$orderby=createdtime asc', ['1', '3', '4']],
    ['&listViewType=ArchivedOnly', ['2']],
    ['&listViewType=All', ['4', '3', '2', '1']],
    ['&$tags=a', ['3', '1']],
    ['&$tags=a=1', ['1']],
    ['&$tags=a,b=', ['3']],
    ['&$tags=c', []],
  ])('answers the query %s', async (query, expected) => {
    const reply = await (await withVersions())('GET', '/data/sales/versions', undefined, query)

    expect(names(reply.body)).toEqual(expected)
    expect(reply.body).not.toHaveProperty('nextLink')
  })

  it.each(['&$top=0', '&$top=x', '&$orderBy=name', '&listViewType=Some', '&$skip=bm9uZQ'])(
    'refuses the query %s',
    async query => {
      const reply = await (await withVersions())('GET', '/data/sales/versions', undefined, query)

      expect(reply).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    },
  )

  it('goes on where it was when something is created or archived between two pages', async () => {
    const send = await withVersions()
    const first = await send('GET', '/data/sales/versions', undefined, '&$top=1')
    await send('PUT', '/data/sales/versions/5', version('a.csv'))
    await send('PUT', '/data/sales/versions/4', version('a.csv', { isArchived: true }))

    const next = await fetch(first.body.nextLink, { headers: { authorization: 'Bearer token' } })

    expect(names(first.body)).toEqual(['4'])
    expect(names((await next.json()) as { value: { name: string }[] })).toEqual(['3'])
  })

  it('never gives more than a page, whatever is asked for', async () => {
    const send = await start()
    for (let number = 1; number <= 101; number += 1) {
      await send('PUT', `/data/sales/versions/${number}`, version('a.csv'))
    }

    const reply = await send('GET', '/data/sales/versions', undefined, '&$top=1000')
    const rest = await fetch(reply.body.nextLink, { headers: { authorization: 'Bearer token' } })

    expect(reply.body.value).toHaveLength(100)
    expect(names((await rest.json()) as { value: { name: string }[] })).toEqual(['1'])
  })

  it('names the containers of a workspace, archived ones when asked for', async () => {
    const send = await withVersions()
    await send('PUT', '/data/old', { properties: { dataType: 'uri_file', isArchived: true } })

    const active = await send('GET', '/data')
    const all = await send('GET', '/data', undefined, '&listViewType=All')

    expect(names(active.body)).toEqual(['sales'])
    expect(names(all.body)).toEqual(['old', 'sales'])
  })

  it('answers 404 for the versions of an asset that is not there', async () => {
    const reply = await (await start())('GET', '/data/none/versions')

    expect(reply).toMatchObject({ status: 404, body: { error: { code: 'UserError' } } })
    expect(reply.body.error.details[0].code).toBe('DataContainerNotFound')
    expect(reply.body.error.additionalInfo.map((info: Json) => info.type)).toContain('Correlation')
  })
})
