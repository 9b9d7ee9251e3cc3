import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../../src/emulators/azure-ml/requests.ts'
import { startAzureMlEmulator } from '../../../src/emulators/azure-ml/server.ts'
import { API_VERSION, FORECAST, pathOf, RETAIL, senderFor, startEmulator, toReply, version } from './bench.ts'

const AUTHORIZED = { authorization: 'Bearer token' }

describe('who may call, and how', () => {
  it.each([undefined, 'Bearer ', 'Bearer', 'Basic dXNlcjpwdw=='])(
    'refuses the authorization %s',
    async authorization => {
      const { url } = await startEmulator()
      const headers = authorization === undefined ? {} : { authorization }

      const reply = await toReply(await fetch(`${url}${pathOf(RETAIL)}?${API_VERSION}`, { headers }))

      expect(reply.status).toBe(401)
      expect(reply.body.error.code).toBe('AuthenticationFailed')
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer /)
    },
  )

  it('requires an api-version that it knows', async () => {
    const { url } = await startEmulator()
    const ask = async (query: string) =>
      toReply(await fetch(`${url}${pathOf(RETAIL)}${query}`, { headers: AUTHORIZED }))

    const missing = await ask('')
    const unknown = await ask('?api-version=2019-01-01')

    expect(missing).toMatchObject({ status: 400, body: { error: { code: 'MissingApiVersionParameter' } } })
    expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'InvalidApiVersionParameter' } } })
    expect(unknown.body.error.message).toContain('2022-10-01')
  })

  it('compares everything up to the workspace, and resource types, without regard to case', async () => {
    const emulator = await startEmulator()
    await senderFor(emulator)('PUT', '/data/sales/versions/1', version('a.csv'))
    const shouted =
      `/SUBSCRIPTIONS/${RETAIL.subscription}/resourcegroups/RG-RETAIL/Providers/microsoft.machinelearningservices` +
      `/Workspaces/ML-Retail/DATA/sales/Versions/1?API-VERSION=2022-10-01`

    const reply = await toReply(await fetch(`${emulator.url}${shouted}`, { headers: AUTHORIZED }))

    expect(reply.status).toBe(200)
    expect(reply.body.id).toBe(`${pathOf(RETAIL)}/data/sales/versions/1`)
    expect(emulator.counts()).toEqual({ 'PUT dataVersion': 1, 'GET dataVersion': 1 })
  })
})

describe('what exists', () => {
  it.each([
    [
      { ...RETAIL, subscription: 'other' },
      'SubscriptionNotFound',
      "The subscription 'other' could not be found.",
    ],
    [
      { ...RETAIL, resourceGroup: 'other' },
      'ResourceGroupNotFound',
      "Resource group 'other' could not be found.",
    ],
    [
      { ...RETAIL, resourceGroup: FORECAST.resourceGroup },
      'ResourceGroupNotFound',
      "Resource group 'rg-forecast' could not be found.",
    ],
    [
      { ...RETAIL, name: 'x' },
      'ResourceNotFound',
      "The Resource 'Microsoft.MachineLearningServices/workspaces/x' under resource group 'rg-retail' was not found.",
    ],
  ])('answers for %j with %s', async (address, code, message) => {
    const reply = await senderFor(await startEmulator(), address)(
      'PUT',
      '/data/sales/versions/1',
      version('a.csv'),
    )

    expect(reply).toMatchObject({ status: 404, body: { error: { code } } })
    expect(reply.body.error.message).toContain(message)
  })

  it('follows the list of workspaces and keeps the state of one that is away', async () => {
    const emulator = await startEmulator()
    const send = senderFor(emulator)
    await send('PUT', '/data/sales/versions/1', version('a.csv'))

    emulator.setWorkspaces([FORECAST])
    const away = await send('GET', '/data/sales/versions/1')
    emulator.setWorkspaces([RETAIL])
    const back = await send('GET', '/data/sales/versions/1')

    expect(away.status).toBe(404)
    expect(back.status).toBe(200)
  })

  it.each([
    ['GET', '/jobs/train', 404, 'InvalidResourceType'],
    ['POST', '/datastores/silver/listSecrets', 404, 'InvalidResourceType'],
    ['GET', '/data/sales/versions/1/more', 404, 'InvalidResourceType'],
    ['GET', '/data//versions', 404, 'InvalidResourceType'],
    ['DELETE', '/data/sales/versions/1', 405, 'MethodNotAllowed'],
    ['POST', '/data/sales', 405, 'MethodNotAllowed'],
    ['PUT', '', 405, 'MethodNotAllowed'],
    ['GET', '/data/%zz', 400, 'InvalidRequestUri'],
  ])('answers %s %s with %i %s', async (method, path, status, code) => {
    const reply = await senderFor(await startEmulator())(method, path)

    expect(reply).toMatchObject({ status, body: { error: { code } } })
  })

  it.each([
    '/',
    '/favicon.ico',
    '/subscriptions',
    '//',
    '/subscriptions/1/resourceGroups/2/providers/Microsoft.Other/x/y',
  ])('answers the path %s with an error in the same shape', async path => {
    const { url } = await startEmulator()

    const reply = await toReply(await fetch(`${url}${path}?${API_VERSION}`, { headers: AUTHORIZED }))

    expect(reply).toMatchObject({ status: 404, body: { error: { code: 'NotFound' } } })
  })
})

describe('bodies', () => {
  it.each(['', '{', 'null and void', '\u0000'])('refuses %j, which is no JSON', async text => {
    const reply = await senderFor(await startEmulator())('PUT', '/data/sales/versions/1', text)

    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'InvalidRequestContent' } } })
  })

  it('refuses another media type', async () => {
    const { url } = await startEmulator()
    const headers = { ...AUTHORIZED, 'content-type': 'application/x-www-form-urlencoded' }
    const init = { method: 'PUT', headers, body: JSON.stringify(version('a.csv')) }

    const reply = await toReply(
      await fetch(`${url}${pathOf(RETAIL)}/data/sales/versions/1?${API_VERSION}`, init),
    )

    expect(reply).toMatchObject({ status: 415, body: { error: { code: 'UnsupportedMediaType' } } })
  })

  it('refuses one that is too large and goes on with the next request', async () => {
    const send = senderFor(await startEmulator())

    const tooLarge = await send('PUT', '/data/sales/versions/1', ' '.repeat(MAX_BODY_BYTES + 1))
    const next = await send('PUT', '/data/sales/versions/1', version('a.csv'))

    expect(tooLarge).toMatchObject({ status: 413, body: { error: { code: 'RequestContentTooLarge' } } })
    expect(next.status).toBe(201)
  })

  it('takes one of just the permitted size', async () => {
    const text = JSON.stringify(version('a.csv'))

    const reply = await senderFor(await startEmulator())(
      'PUT',
      '/data/sales/versions/1',
      text.padEnd(MAX_BODY_BYTES, ' '),
    )

    expect(reply.status).toBe(201)
  })
})

describe('trouble', () => {
  it('outlives noise that is not HTTP and a caller that goes away in the middle of a body', async () => {
    const emulator = await startEmulator()
    await new Promise<void>(resolve => {
      const socket = connect(emulator.port, '127.0.0.1', () =>
        socket.write('\u0000\u0001 no http at all\r\n\r\n'),
      )
      socket.on('data', () => undefined)
      socket.on('close', () => resolve())
      socket.on('error', () => resolve())
    })
    await new Promise<void>(resolve => {
      const path = `${pathOf(RETAIL)}/data/sales/versions/1?${API_VERSION}`
      const headers = { ...AUTHORIZED, 'content-length': '1000', 'content-type': 'application/json' }
      const request = httpRequest({ port: emulator.port, method: 'PUT', path, headers })
      request.on('error', () => resolve())
      request.on('close', () => resolve())
      request.write('{"properties":', () => request.destroy())
    })

    const reply = await senderFor(emulator)('GET', '')

    expect(reply.status).toBe(200)
  })

  it('answers a defect of its own with 500 and tells the log', async () => {
    const logged: [string, Record<string, unknown>][] = []
    const emulator = await startEmulator({
      // Later than any date: the answer cannot be written.
      now: () => Number.MAX_SAFE_INTEGER,
      log: (message, fields) => logged.push([message, fields]),
    })

    const reply = await senderFor(emulator)('PUT', '/data/sales/versions/1', version('a.csv'))

    expect(reply).toMatchObject({ status: 500, body: { error: { code: 'InternalServerError' } } })
    expect(logged).toHaveLength(1)
    expect(logged[0]?.[1]).toMatchObject({ path: `${pathOf(RETAIL)}/data/sales/versions/1` })
  })

  it('says that its port is taken and which setting changes it', async () => {
    const { port } = await startEmulator()

    const second = startAzureMlEmulator({ port, workspaces: [] })

    await expect(second).rejects.toThrow(new RegExp(`${port}.*taken.*LAKEMARK_AZUREML_PORT`))
  })

  it('ends open connections when it closes, more than once if need be', async () => {
    const emulator = await startAzureMlEmulator({ port: 0, workspaces: [] })
    const socket = connect(emulator.port, '127.0.0.1')
    await new Promise(resolve => socket.once('connect', resolve))
    const ended = new Promise(resolve => socket.once('close', resolve))

    await Promise.all([emulator.close(), emulator.close()])
    await ended

    await expect(fetch(emulator.url)).rejects.toThrow()
  })
})
