import { beforeEach, describe, expect, it, vi } from 'vitest'
import { knowsSecret } from '../../src/access/webhook-proof.ts'
import { createAuthentication } from '../../src/functions/http/authentication.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'

const compared = vi.hoisted(() => [] as [Buffer, Buffer][])

vi.mock(import('node:crypto'), async original => {
  const crypto = await original()
  const timingSafeEqual: typeof crypto.timingSafeEqual = (one, other) => {
    compared.push([Buffer.from(one as Buffer), Buffer.from(other as Buffer)])
    return crypto.timingSafeEqual(one, other)
  }
  return { ...crypto, timingSafeEqual }
})

const SECRET = 'a secret: with a colon'
const body = Buffer.from('{"ref":"refs/heads/main"}')
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('the proof of a webhook', () => {
  beforeEach(() => {
    compared.length = 0
  })

  it('is compared in a time that tells neither where it is wrong nor how long it should be', () => {
    const given = ['', 'a', SECRET, `${SECRET} and more`, SECRET.toUpperCase()]
    const known = given.flatMap(text => [
      knowsSecret({ authorization: basic(`user:${text}`), signature: null, body }, SECRET),
      knowsSecret({ authorization: null, signature: `sha256=${text}`, body }, SECRET),
    ])
    expect(known.filter(Boolean)).toHaveLength(1)
    expect(compared).toHaveLength(2 * given.length)
    for (const pair of compared) {
      expect(pair.map(({ length }) => length)).toEqual([32, 32])
      expect(Buffer.concat(pair).includes(SECRET.slice(0, 8))).toBe(false)
    }
  })

  it('is the password as a whole, colons and all', () => {
    expect(knowsSecret({ authorization: basic(`x:${SECRET}`), signature: null, body }, SECRET)).toBe(true)
    const end = SECRET.slice(SECRET.indexOf(':') + 1)
    expect(knowsSecret({ authorization: basic(`x:${SECRET}`), signature: null, body }, end)).toBe(false)
  })

  it.each([undefined, '@Microsoft.KeyVault(SecretUri=https://team.vault.azure.net/secrets/x)'])(
    'is none where no secret is set up, or none could be read: %s',
    async webhookSecret => {
      const authenticate = createAuthentication({ auth: { kind: 'none' }, webhookSecret, now: Date.now })
      const [route] = ROUTES.filter(({ proof }) => proof === 'webhook')
      if (route === undefined) throw new Error('no route takes the proof of a webhook')
      for (const text of ['', 'undefined', String(webhookSecret)]) {
        const headers = new Headers({ authorization: basic(`x:${text}`) })
        const request = { url: 'http://127.0.0.1:7071/api/rules/refresh', headers } as never
        expect(await authenticate(route, request, body)).toHaveProperty('refused')
      }
    },
  )
})
