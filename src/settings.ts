import { CLOUD_NAMES } from './core/clouds.ts'
import { own } from './core/record.ts'

/** What may stand in the environment under one name. */
interface Setting<Value, Otherwise> {
  /** What a text means; undefined: it is wrong. */
  read: (text: string) => Value | undefined
  /** What would be right, for whoever has to mend it. */
  expected: string
  /** What counts where nothing is said. */
  otherwise: Otherwise
}

const PORT = 'a port number from 0 to 65535; 0 picks a free one'
const CONNECTION_STRING = /(^|;)\s*(UseDevelopmentStorage=true|AccountName=[^;]+|BlobEndpoint=[^;]+)/i
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A table of texts and no library's schemas: each start of the app waits for these to be made and read. */
const SETTINGS = {
  LAKEMARK_CLOUD: oneOf(CLOUD_NAMES, 'AzureCloud'),
  LAKEMARK_RULES: text('rules'),
  LAKEMARK_RULES_COMMIT: like(/^[0-9a-f]{7,64}$/, 'the id of a git commit in hexadecimal'),
  LAKEMARK_RULES_TOKEN: text(),
  LAKEMARK_RULES_WEBHOOK_SECRET: like(
    /^(?!keyvault:).{16}/su,
    'at least 16 characters, the secret itself; a Key Vault reference of the function app gives it',
  ),
  LAKEMARK_RULES_SCHEDULE: schedule('30 * * * * *'),
  LAKEMARK_AUTH: oneOf(['none', 'entra']),
  LAKEMARK_AUTH_TENANT: setting("the tenant's id, a GUID", it =>
    GUID.test(it) ? it.toLowerCase() : undefined,
  ),
  LAKEMARK_AUTH_AUDIENCE: setting(
    "the client id of the API's registration, its App ID URI, or both with a comma between",
    toAudiences,
  ),
  LAKEMARK_AUTH_AUTHORITY: setting('an https address without a path; http only on this machine', toAuthority),
  LAKEMARK_HOME: text('.lakemark'),
  LAKEMARK_PORT: setting(PORT, toPort, 7071),
  LAKEMARK_LAKE_PORT: setting(PORT, toPort, 10_000),
  LAKEMARK_AZUREML_PORT: setting(PORT, toPort, 7072),
  LAKEMARK_AZUREML_THROTTLE: oneOf(['off', 'arm'], 'off'),
  LAKEMARK_AZUREML_URL: setting('an http or https URL', it =>
    /^\s*https?:\/\//i.test(it) && URL.canParse(it) ? it.trim() : undefined,
  ),
  LAKEMARK_SWEEP_SCHEDULE: schedule('0 * * * * *'),
  LAKEMARK_DEAD_LETTER_SCHEDULE: schedule('15 */5 * * * *'),
  LAKEMARK_RESYNC_SCHEDULE: schedule('0 30 2 * * *'),
  LAKEMARK_URL: text(),
  LAKEMARK_AUDIENCE: text(),
  LAKEMARK_AUDIT_DAYS: setting('a number of days from 1 to 99999', toDays, 400),
  LAKEMARK_LOG: oneOf(['info', 'warn', 'error'], 'warn'),
  AZURE_CLIENT_ID: text(),
  AzureWebJobsStorage: like(
    CONNECTION_STRING,
    'a connection string: DefaultEndpointsProtocol=https;AccountName=…;AccountKey=… or UseDevelopmentStorage=true',
  ),
  AzureWebJobsStorage__accountName: like(/^[a-z0-9]{3,24}$/, 'the name of a storage account'),
  AzureWebJobsStorage__blobServiceUri: address('blob'),
  AzureWebJobsStorage__queueServiceUri: address('queue'),
  AzureWebJobsStorage__tableServiceUri: address('table'),
  AzureWebJobsStorage__clientId: text(),
}

type Name = keyof typeof SETTINGS

export type Settings = {
  [N in Name]: (typeof SETTINGS)[N] extends Setting<infer Value, infer Otherwise> ? Value | Otherwise : never
}

/** The names of all settings, for documentation and deployment to be held against. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS)

/**
 * The settings that an environment holds, or a line for each that is wrong. What is empty counts as missing, and what
 * is none of ours is not looked at.
 */
export function parseSettings(
  environment: Readonly<Record<string, string | undefined>>,
): { settings: Settings } | { problems: string[] } {
  const problems: string[] = []
  const settings = Object.entries(SETTINGS).map(([name, { read, expected, otherwise }]) => {
    const given = own(environment, name) || undefined
    if (given === undefined) return [name, otherwise]
    const value = read(given)
    if (value === undefined) problems.push(`${name}: expected ${expected}`)
    return [name, value]
  })
  return problems.length > 0 ? { problems } : { settings: Object.fromEntries(settings) }
}

function setting<Value>(
  expected: string,
  read: (text: string) => Value | undefined,
): Setting<Value, undefined>
function setting<Value>(
  expected: string,
  read: (text: string) => Value | undefined,
  otherwise: Value,
): Setting<Value, Value>
function setting<Value>(
  expected: string,
  read: (text: string) => Value | undefined,
  otherwise?: Value,
): Setting<Value, Value | undefined> {
  return { read, expected, otherwise }
}

function text(): Setting<string, undefined>
function text(otherwise: string): Setting<string, string>
function text(otherwise?: string): Setting<string, string | undefined> {
  return { read: it => it, expected: 'any text', otherwise }
}

function like(pattern: RegExp, expected: string): Setting<string, undefined> {
  return setting(expected, it => (pattern.test(it) ? it : undefined))
}

function oneOf<const Names extends readonly string[]>(names: Names): Setting<Names[number], undefined>
function oneOf<const Names extends readonly string[]>(
  names: Names,
  otherwise: Names[number],
): Setting<Names[number], Names[number]>
function oneOf(names: readonly string[], otherwise?: string): Setting<string, string | undefined> {
  return {
    read: it => names.find(name => name === it),
    expected: names.join(', ').replace(/, ([^,]+)$/, ' or $1'),
    otherwise,
  }
}

/** As NCRONTAB has them. */
function schedule(otherwise: string): Setting<string, string> {
  const expected = 'a schedule of six fields: second minute hour day month weekday'
  return setting(expected, it => (/^\S+(\s+\S+){5}$/.test(it) ? it : undefined), otherwise)
}

/** Of one of the services of a storage account. */
function address(service: 'blob' | 'queue' | 'table'): Setting<string, undefined> {
  return setting(`the URL of the account's ${service} service`, it =>
    URL.canParse(it) ? it.trim() : undefined,
  )
}

function toPort(it: string): number | undefined {
  return /^\d{1,5}$/.test(it) && Number(it) <= 65_535 ? Number(it) : undefined
}

function toDays(it: string): number | undefined {
  return /^[1-9]\d{0,4}$/.test(it) ? Number(it) : undefined
}

function toAudiences(it: string): string[] | undefined {
  const parts = it.split(',').map(part => part.trim())
  return parts.every(part => /^[\w.:/-]+$/.test(part)) ? parts : undefined
}

function toAuthority(it: string): string | undefined {
  const url = URL.parse(it)
  if (url === null || url.pathname !== '/' || url.search !== '' || url.username !== '') return undefined
  const isHere = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere) ? url.origin : undefined
}
