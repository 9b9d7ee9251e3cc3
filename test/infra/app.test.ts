import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Environment, readConfig } from '../../src/config.ts'
import { installFunctionsCore } from '../../src/host/functions-core.ts'
import { type HostFunction, toHostFunction } from '../../src/host/host-function.ts'
import { SETTING_NAMES } from '../../src/settings.ts'
import { ROOT } from '../tidy/sources.ts'
import { type Predicted, readInfra, readPrediction } from './prediction.ts'

/** What the Functions host and Application Insights read, beside the code. */
const OF_THE_PLATFORM = [
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'AzureWebJobsStorage__credential',
]

const main = readPrediction('main')
const hidden = readPrediction('samples/private')

describe.each([
  ['the sample', main],
  ['the private sample', hidden],
])('the settings of the app, in %s', (_, prediction) => {
  const settings: Environment = prediction.only('Microsoft.Web/sites/config').properties

  it('are settings that the code reads', () => {
    const known = [...SETTING_NAMES, ...OF_THE_PLATFORM]
    expect(Object.keys(settings).filter(name => !known.includes(name))).toEqual([])
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(OF_THE_PLATFORM))
  })

  it('are all that it takes for the app to start in Azure', () => {
    const config = readConfig({ ...filled(settings), WEBSITE_SITE_NAME: 'app' })
    expect(config.auth.kind).toBe('entra')
    expect(config.storage?.kind).toBe('identity')
    expect(config.clientId).toBe(SOME_ID)
  })

  it('name the account, or in a sovereign cloud its addresses, and never both', () => {
    const ofAccount = (name: string) => /^AzureWebJobsStorage__(accountName|\w+ServiceUri)$/.test(name)
    expect(Object.keys(settings).filter(ofAccount)).toEqual(['AzureWebJobsStorage__accountName'])
    const [, , elsewhere = ''] =
      /"storageSettings": "\[if\((.*?), (createObject\(.*?\)), (createObject\(.*\))\)\]"/
        .exec(readInfra('main.json'))
        ?.slice(1) ?? []
    const names = [...elsewhere.matchAll(/'(AzureWebJobsStorage__\w+)'/g)].map(([, name]) => name)
    const services = ['blob', 'queue', 'table']
    expect(names).toEqual(services.map(service => `AzureWebJobsStorage__${service}ServiceUri`))
  })

  it('hold no secret', () => {
    for (const value of Object.values(settings)) {
      expect(value).not.toMatch(/AccountKey=|[?&]sig=|SharedAccessKey|password/i)
    }
  })
})

describe('the rules, in settings', () => {
  it('name a secret where one is needed: the code reads one, the platform the other', () => {
    const name = hidden.only('Microsoft.KeyVault/vaults').name
    const settings: Environment = filled(hidden.only('Microsoft.Web/sites/config').properties)
    expect(settings.LAKEMARK_RULES_TOKEN).toBe(`keyvault:https://${name}.vault.azure.net/secrets/rules-token`)
    expect(settings.LAKEMARK_RULES_WEBHOOK_SECRET).toBe(
      `@Microsoft.KeyVault(SecretUri=https://${name}.vault.azure.net/secrets/rules-webhook)`,
    )
  })
})

describe('what Event Grid, alerts and queues call by name', () => {
  let functions: readonly HostFunction[]
  const namesOf = (type: string) =>
    functions.filter(({ trigger }) => trigger.type === type).map(({ name }) => name)

  beforeAll(async () => {
    const { main: entry } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { main: string }
    const load = () => import(pathToFileURL(join(ROOT, entry)).href)
    const registry = await installFunctionsCore().collect(load, () => undefined)
    functions = registry.functions.map(it => toHostFunction(it, () => undefined))
  })

  it('are functions for events: each has its subscription, and each subscription its function', () => {
    const targets = main
      .ofType('Microsoft.EventGrid/systemTopics/eventSubscriptions')
      .map(({ properties }: Predicted) => properties.destination.properties.resourceId as string)
    const app = main.only('Microsoft.Web/sites').id
    expect(targets.filter(target => !target.startsWith(`${app}/functions/`))).toEqual([])
    const names = targets.map(target => target.slice(`${app}/functions/`.length))
    expect([...new Set(names)].sort()).toEqual(namesOf('eventGridTrigger').sort())
  })

  it('are queues that the template makes', () => {
    const made = main
      .ofType('Microsoft.Storage/storageAccounts/queueServices/queues')
      .map(({ name }) => name.slice(name.lastIndexOf('/') + 1))
    const listened = functions.flatMap(({ trigger }) =>
      trigger.type === 'queueTrigger' ? [trigger.queueName] : [],
    )
    expect(listened.sort()).toEqual(made.sort())
  })

  it('are functions that alerts and workbook can find', () => {
    const asked = `${readInfra('alerts.yaml')}${readInfra('workbook.json')}`
    const literals = [...asked.matchAll(/\bName (?:== |in \()((?:'\w+'(?:, )?)+)/g)].flatMap(
      ([, list = '']) => [...list.matchAll(/'(\w+)'/g)].map(([, name]) => String(name)),
    )
    expect(literals.length).toBeGreaterThan(5)
    const names = functions.map(({ name }) => name)
    expect(literals.filter(name => !names.includes(name))).toEqual([])
  })
})

const SOME_ID = '00000000-0000-0000-0000-0000000000ff'

/** With what only Azure knows: ids of the identity, the tenant, and the names of the cloud. */
function filled(settings: Environment): Environment {
  return Object.fromEntries(Object.entries(settings).map(([name, value = '']) => [name, fill(value)]))
}

function fill(value: string): string {
  if (!value.startsWith('[')) return value
  let expression = value
    .slice(1, -1)
    .replace(/reference\([^)]*\)\.\w+|tenant\(\)\.tenantId/g, `'${SOME_ID}'`)
    .replaceAll('environment().name', "'AzureCloud'")
    .replaceAll('environment().suffixes.storage', "'core.windows.net'")
    .replaceAll('environment().suffixes.keyvaultDns', "'.vault.azure.net'")
  const innermost = /format\('([^']*)'((?:, '[^']*')*)\)/
  for (let found = innermost.exec(expression); found !== null; found = innermost.exec(expression)) {
    const [whole, text = '', list = ''] = found
    const values = [...list.matchAll(/'([^']*)'/g)].map(([, it]) => it)
    expression = expression.replace(
      whole,
      `'${text.replace(/\{(\d)\}/g, (_, index) => values[Number(index)] ?? '')}'`,
    )
  }
  const literal = /^'([^']*)'$/.exec(expression)?.[1]
  if (literal === undefined) throw new Error(`the test does not know what ${expression} is`)
  return literal
}
