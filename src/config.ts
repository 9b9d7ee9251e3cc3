import * as z from 'zod'
import type { EntraSettings } from './access/entra-tokens.ts'
import { createCredential } from './azure/credential.ts'
import type { StorageConnection } from './azure/storage-clients.ts'
import { CLOUD_NAMES, type Cloud, cloudOf, storageUrl } from './core/clouds.ts'
import { parseRulesAddress, type RulesAddress } from './git/rules-address.ts'

/**
 * All settings, from the environment: the only place that reads it. Every problem is reported at once.
 */
export interface Config {
  /** Public Azure, or one of the sovereign clouds: every address of Azure's follows from it. */
  cloud: Cloud
  rules: RulesAddress
  /** Of a folder of rules, when known. */
  rulesCommit: string | undefined
  /** For the git repository of the rules: the token itself, or `keyvault:` and the secret's address. */
  rulesToken: string | undefined
  /** What a push webhook must prove to know. */
  rulesWebhookSecret: string | undefined
  rulesSchedule: string
  auth: AuthSettings
  /** Azure's front end stands before the app: what it adds to X-Forwarded-For is true. */
  isBehindAzure: boolean
  home: string
  port: number
  lakePort: number
  azureMlPort: number
  azureMlThrottle: 'off' | 'arm'
  /** Where Azure ML is spoken to instead of ARM: the emulator. */
  azureMlUrl: string | undefined
  sweepSchedule: string
  deadLetterSchedule: string
  resyncSchedule: string
  /** So many days an entry of the audit trail is kept. */
  auditDays: number
  /** Of the service that the command line asks; undefined: the one on this machine. */
  serviceUrl: string | undefined
  /** Whom the access tokens of the command line are for. */
  serviceAudience: string | undefined
  logLevel: 'info' | 'warn' | 'error'
  /** The user-assigned managed identity to act as. */
  clientId: string | undefined
  /** The app's own account: ledger, agenda and work queue. Undefined: not set, as before `lakemark start`. */
  storage: StorageConnection | undefined
}

/** `none`: everybody may call, which is for a host that answers this machine alone. */
export type AuthSettings = { kind: 'none' } | ({ kind: 'entra' } & EntraSettings)

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Environment = Readonly<Record<string, string | undefined>>

const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'expected a port number from 0 to 65535; 0 picks a free one')
    .transform(Number)
    .refine(value => value <= 65535, 'expected a port number from 0 to 65535; 0 picks a free one')
    .default(fallback)

function schedule(fallback: string) {
  return z
    .string()
    .regex(/^\S+(\s+\S+){5}$/, 'expected a schedule of six fields: second minute hour day month weekday')
    .default(fallback)
}

const settings = z.object({
  LAKEMARK_CLOUD: z
    .enum(CLOUD_NAMES, `expected one of ${CLOUD_NAMES.join(', ')}, as az cloud list names them`)
    .default('AzureCloud'),
  LAKEMARK_RULES: z.string().min(1).default('rules'),
  LAKEMARK_RULES_COMMIT: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/, 'expected the id of a git commit in hexadecimal')
    .optional(),
  LAKEMARK_RULES_TOKEN: z.string().min(1).optional(),
  LAKEMARK_RULES_WEBHOOK_SECRET: z
    .string()
    .min(16, 'expected at least 16 characters')
    .refine(
      value => !value.startsWith('keyvault:'),
      'expected the secret itself; a Key Vault reference of the function app gives it',
    )
    .optional(),
  LAKEMARK_RULES_SCHEDULE: schedule('30 * * * * *'),
  LAKEMARK_AUTH: z.enum(['none', 'entra'], 'expected none or entra').optional(),
  LAKEMARK_AUTH_TENANT: z.guid("expected the tenant's id, a GUID").toLowerCase().optional(),
  LAKEMARK_AUTH_AUDIENCE: z
    .string()
    .transform(text => text.split(',').map(part => part.trim()))
    .refine(
      parts => parts.every(part => /^[\w.:/-]+$/.test(part)),
      "expected the client id of the API's registration, its App ID URI, or both with a comma between",
    )
    .optional(),
  LAKEMARK_AUTH_AUTHORITY: z
    .string()
    .refine(isAuthority, 'expected an https address without a path; http only on this machine')
    .transform(text => new URL(text).origin)
    .optional(),
  LAKEMARK_HOME: z.string().min(1).default('.lakemark'),
  LAKEMARK_PORT: port(7071),
  LAKEMARK_LAKE_PORT: port(10000),
  LAKEMARK_AZUREML_PORT: port(7072),
  LAKEMARK_AZUREML_THROTTLE: z.enum(['off', 'arm']).default('off'),
  LAKEMARK_AZUREML_URL: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).optional(),
  LAKEMARK_SWEEP_SCHEDULE: schedule('0 * * * * *'),
  LAKEMARK_DEAD_LETTER_SCHEDULE: schedule('15 */5 * * * *'),
  LAKEMARK_RESYNC_SCHEDULE: schedule('0 30 2 * * *'),
  LAKEMARK_URL: z.string().min(1).optional(),
  LAKEMARK_AUDIENCE: z.string().min(1).optional(),
  LAKEMARK_AUDIT_DAYS: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'expected a number of days from 1 to 99999')
    .transform(Number)
    .default(400),
  LAKEMARK_LOG: z.enum(['info', 'warn', 'error']).default('warn'),
  AZURE_CLIENT_ID: z.string().min(1).optional(),
  AzureWebJobsStorage: z
    .string()
    .regex(
      /(^|;)\s*(UseDevelopmentStorage=true|AccountName=[^;]+|BlobEndpoint=[^;]+)/i,
      'expected a connection string: DefaultEndpointsProtocol=https;AccountName=…;AccountKey=… or UseDevelopmentStorage=true',
    )
    .optional(),
  AzureWebJobsStorage__accountName: z
    .string()
    .regex(/^[a-z0-9]{3,24}$/, 'expected the name of a storage account')
    .optional(),
  AzureWebJobsStorage__blobServiceUri: z.url().optional(),
  AzureWebJobsStorage__queueServiceUri: z.url().optional(),
  AzureWebJobsStorage__tableServiceUri: z.url().optional(),
  AzureWebJobsStorage__clientId: z.string().min(1).optional(),
})

/** The names of all settings, for documentation and deployment to be held against. */
export const SETTING_NAMES: readonly string[] = Object.keys(settings.shape)

/** Throws ConfigError naming every setting that is wrong, and what would be right. */
export function readConfig(environment: Environment = process.env): Config {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = settings.safeParse(present)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
    throw new ConfigError(`settings in the environment are wrong:\n${lines.join('\n')}`)
  }
  const { data } = parsed
  const cloud = cloudOf(data.LAKEMARK_CLOUD)
  return {
    cloud,
    rules: rulesOf(data.LAKEMARK_RULES),
    rulesToken: data.LAKEMARK_RULES_TOKEN,
    rulesWebhookSecret: data.LAKEMARK_RULES_WEBHOOK_SECRET,
    rulesSchedule: data.LAKEMARK_RULES_SCHEDULE,
    rulesCommit: data.LAKEMARK_RULES_COMMIT,
    auth: authOf(data, cloud, hasAny(environment, [...AZURE_SIGNS, 'FUNCTIONS_WORKER_RUNTIME'])),
    isBehindAzure: hasAny(environment, AZURE_SIGNS),
    home: data.LAKEMARK_HOME,
    port: data.LAKEMARK_PORT,
    lakePort: data.LAKEMARK_LAKE_PORT,
    azureMlPort: data.LAKEMARK_AZUREML_PORT,
    azureMlThrottle: data.LAKEMARK_AZUREML_THROTTLE,
    azureMlUrl: data.LAKEMARK_AZUREML_URL,
    sweepSchedule: data.LAKEMARK_SWEEP_SCHEDULE,
    deadLetterSchedule: data.LAKEMARK_DEAD_LETTER_SCHEDULE,
    resyncSchedule: data.LAKEMARK_RESYNC_SCHEDULE,
    auditDays: data.LAKEMARK_AUDIT_DAYS,
    serviceUrl: data.LAKEMARK_URL,
    serviceAudience: data.LAKEMARK_AUDIENCE,
    logLevel: data.LAKEMARK_LOG,
    clientId: data.AZURE_CLIENT_ID,
    storage: storageOf(data, cloud),
  }
}

function rulesOf(text: string): RulesAddress {
  const address = parseRulesAddress(text)
  if ('problem' in address) throw wrong(`LAKEMARK_RULES: ${address.problem}`)
  return address
}

/** Without a setting everybody may call, but only where nobody else can. */
function authOf(data: z.infer<typeof settings>, cloud: Cloud, hosted: boolean): AuthSettings {
  const { LAKEMARK_AUTH: kind, LAKEMARK_AUTH_TENANT: tenant, LAKEMARK_AUTH_AUDIENCE: audiences } = data
  if (kind === 'entra') {
    if (tenant === undefined || audiences === undefined) {
      throw wrong(
        "LAKEMARK_AUTH: entra needs LAKEMARK_AUTH_TENANT, the tenant's id, and LAKEMARK_AUTH_AUDIENCE, the client id or App ID URI of the API's registration",
      )
    }
    return { kind, tenant, audiences, authority: data.LAKEMARK_AUTH_AUTHORITY ?? cloud.issuer }
  }
  if (hosted) {
    throw wrong(
      'LAKEMARK_AUTH: none would let everybody call, and is for this machine alone; set entra, with LAKEMARK_AUTH_TENANT and LAKEMARK_AUTH_AUDIENCE',
    )
  }
  if (kind === undefined && (tenant !== undefined || audiences !== undefined)) {
    throw wrong('LAKEMARK_AUTH: tenant or audience is set; set entra as well, or none to let everybody call')
  }
  return { kind: 'none' }
}

/** What Azure gives every function app; where only a Functions host runs, it gives FUNCTIONS_WORKER_RUNTIME. */
const AZURE_SIGNS = ['WEBSITE_INSTANCE_ID', 'WEBSITE_SITE_NAME']

function hasAny(environment: Environment, names: readonly string[]): boolean {
  return names.some(name => (environment[name] ?? '') !== '')
}

function isAuthority(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.pathname !== '/' || url.search !== '' || url.username !== '') return false
  const isHere = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere)
}

function wrong(problem: string): ConfigError {
  return new ConfigError(`settings in the environment are wrong:\n  ${problem}`)
}

function storageOf(data: z.infer<typeof settings>, cloud: Cloud): StorageConnection | undefined {
  const connectionString = data.AzureWebJobsStorage
  if (connectionString !== undefined) return { kind: 'connection string', connectionString }
  const account = data.AzureWebJobsStorage__accountName
  const url = (service: 'blob' | 'queue' | 'table') => account && storageUrl(cloud, account, service)
  const blobUrl = data.AzureWebJobsStorage__blobServiceUri ?? url('blob')
  const queueUrl = data.AzureWebJobsStorage__queueServiceUri ?? url('queue')
  const tableUrl = data.AzureWebJobsStorage__tableServiceUri ?? url('table')
  if (blobUrl === undefined && queueUrl === undefined && tableUrl === undefined) return undefined
  if (blobUrl === undefined || queueUrl === undefined || tableUrl === undefined) {
    throw wrong(
      'AzureWebJobsStorage: give __accountName, or all of __blobServiceUri, __queueServiceUri and __tableServiceUri',
    )
  }
  return {
    kind: 'identity',
    blobUrl,
    queueUrl,
    tableUrl,
    credential: createCredential(data.AzureWebJobsStorage__clientId, cloud),
  }
}
