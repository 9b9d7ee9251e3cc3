import type { EntraSettings } from './access/entra-tokens.ts'
import { createCredential } from './azure/credential.ts'
import type { StorageConnection } from './azure/storage-connection.ts'
import { type Cloud, cloudOf, storageUrl } from './core/clouds.ts'
import { parseRulesAddress, type RulesAddress } from './git/rules-address.ts'
import { parseSettings, type Settings } from './settings.ts'

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

/** Throws ConfigError naming every setting that is wrong, and what would be right. */
export function readConfig(environment: Environment = process.env): Config {
  const parsed = parseSettings(environment)
  if ('problems' in parsed) throw wrong(...parsed.problems)
  const { settings: data } = parsed
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
    storage: connectionOf(data, cloud),
  }
}

/** The app's own account. Throws ConfigError where none is set. */
export function storageOf({ storage }: Pick<Config, 'storage'>): StorageConnection {
  if (storage !== undefined) return storage
  throw new ConfigError(
    'AzureWebJobsStorage is not set: give a connection string, or __accountName and an identity',
  )
}

function rulesOf(text: string): RulesAddress {
  const address = parseRulesAddress(text)
  if ('problem' in address) throw wrong(`LAKEMARK_RULES: ${address.problem}`)
  return address
}

/** Without a setting everybody may call, but only where nobody else can. */
function authOf(data: Settings, cloud: Cloud, hosted: boolean): AuthSettings {
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

function wrong(...problems: string[]): ConfigError {
  return new ConfigError(['settings in the environment are wrong:', ...problems].join('\n  '))
}

function connectionOf(data: Settings, cloud: Cloud): StorageConnection | undefined {
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
