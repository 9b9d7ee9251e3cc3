import { describe, expect, it } from 'vitest'
import { reasonOf } from '../../src/core/errors.ts'
import { redacted } from '../../src/core/redaction.ts'
import { createLog } from '../../src/log.ts'

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJoaWRkZW4iOjF9.hidden-signature'

/** What is secret holds `hidden`; a JWT's claims are told by their text in base64. */
const SECRETS = [
  'GET https://app.example/api/assets?code=hidden',
  'GET https://app.example/api/assets?limit=1&code=hidden%3D%3D&x=1',
  'https://lake.blob.core.windows.net/c/x?sv=1&sig=hidden%2Bhidden&se=2',
  'explain?url=https%3A%2F%2Flake%2Fx%3Fsv%3D1%26sig%3Dhidden%252F%26se%3D2',
  'AccountName=a;AccountKey=hidden+hidden/hidden==;EndpointSuffix=x',
  'BlobEndpoint=https://x/;SharedAccessSignature=sv=1&sig=hidden',
  'Authorization: Bearer hidden.hidden-hidden',
  'authorization: Basic aGlkZGVuhidden==',
  '{"Authorization":"Basic hidden"}',
  'SharedKey account:hidden=',
  'SharedKeyLite account:hidden=',
  'git clone https://user:hidden@git.example/org/rules',
  'git+https://hidden@git.example/org/rules',
  'amqp://user:hidden@host/queue',
  'amqp:%2F%2Fuser:hidden@host%2Fqueue',
  'explain?url=https%3A%2F%2Fuser%3Ahidden%40git.example%2Frules',
  'https:%2F%2Fuser:hidden@git.example%2Frules',
  'client_id=x&client_secret=hidden&grant_type=client_credentials',
  'password=hidden',
  '{"client_secret":"hidden","x":1}',
  '{ "sasToken": "hidden", "accountKey" : "hidden+hidden=" }',
  'sig=hidden%2Bhidden012345678901234567890123%3D&se=2026',
  `the token ${JWT} is too old`,
  `${JWT.split('.').slice(0, 2).join('.')}`,
]

/** They look like secrets and are what people need to see. */
const PLAIN = [
  'abfss://silver@contosolake.dfs.core.windows.net/sales/eu/some.csv',
  'abfss%3A%2F%2Fsilver%40contosolake.dfs.core.windows.net%2Fsales',
  'wasbs://silver@contosolake.blob.core.windows.net/sales',
  'azureml://datastores/silver/paths/sales/a@b.csv',
  'https://git.example/org/rules#main:rules',
  'keyvault:https://vault.vault.azure.net/secrets/name',
  'status code=409, sales/code=7/a.csv',
  'expected basic authentication with the secret as password',
  'designs/a.csv?v=1',
  'silver/sig=7/a.csv',
  '"password" is no name of a container',
  'devstoreaccount1/silver/sales/eu/some.csv',
]

const holdsSecret = (text: string) => /hidden|eyJ/i.test(text)

describe('a text without its secrets', () => {
  it.each(SECRETS)('says nothing of what is secret in: %s', text => {
    expect(holdsSecret(text)).toBe(true)
    for (const around of [text, `before ${text} after`, `"${text}"`, JSON.stringify({ text })]) {
      expect(redacted(around)).not.toSatisfy(holdsSecret)
    }
    expect(reasonOf(new Error(text))).not.toSatisfy(holdsSecret)
  })

  it.each(PLAIN)('is what it was where nothing is secret: %s', text => {
    expect(redacted(text)).toBe(text)
  })

  it('keeps what stands around a secret', () => {
    expect(redacted('GET /api/x?a=1&code=hidden&b=2 from https://u:hidden@host/p')).toBe(
      'GET /api/x?a=1&code=…&b=2 from https://…@host/p',
    )
  })

  it.each([
    'https://',
    'eyJ',
    'sig=',
    ' sig=',
    '"password":',
    '"password"',
    '?code=',
    'Bearer ',
    'a://',
    'a:',
    'a.',
    'eyJ-',
    'https:',
    '%3A%2F',
    'a%3A%2F%2F',
  ])('does not take long, however often it begins with %s', begin => {
    const text = begin.repeat(50_000)
    expect(redacted(text).length).toBeLessThanOrEqual(text.length)
  })
})

describe('a line of the log', () => {
  it.each(SECRETS)('holds no secret in its message or any field: %s', text => {
    const lines: string[] = []
    const log = createLog('info', line => lines.push(line))
    log.info(text, { text, deep: [{ list: [text], error: new Error(text, { cause: new Error(text) }) }] })
    log.error('x', { error: new Error('x', { cause: text }), url: new URL(`https://x/?x=1`) })
    expect(lines).toHaveLength(2)
    expect(lines.filter(holdsSecret)).toEqual([])
  })

  it.each(['password', 'Authorization', 'accountKey', 'client_secret', 'connectionString', 'access_token'])(
    'shows nothing of a field that is called %s',
    name => {
      const lines: string[] = []
      createLog('info', line => lines.push(line)).info('x', { deep: { [name]: 'hidden' } })
      expect(lines[0]).not.toContain('hidden')
    },
  )
})
