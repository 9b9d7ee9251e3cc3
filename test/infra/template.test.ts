import { describe, expect, it } from 'vitest'
import { DEAD_LETTER_CONTAINER, EVENT_QUEUE } from '../../src/storage-names.ts'
import { readInfra, readPrediction } from './prediction.ts'

interface Resource {
  type: string
  existing?: boolean
  properties?: { template?: Template }
}
interface Template {
  variables?: Record<string, unknown>
  resources: Record<string, Resource>
}

const template = JSON.parse(readInfra('main.json')) as Template
const predicted = [...readPrediction('main').all, ...readPrediction('samples/private').all]

/** The template, and all that are nested in it. */
function templatesIn(outer: Template): Template[] {
  const nested = Object.values(outer.resources).flatMap(({ properties }) => properties?.template ?? [])
  return [outer, ...nested.flatMap(templatesIn)]
}

/** What a deployment makes itself: `[how it is called in the template, type, properties]`. */
const made = templatesIn(template).flatMap(({ resources }) =>
  Object.entries(resources)
    .filter(([, { type, existing }]) => existing !== true && type !== 'Microsoft.Resources/deployments')
    .map(([name, { type, properties = {} }]) => [name, type, properties] as const),
)

/** Where the two differ, in what the template says without reckoning; undefined: nowhere. */
function differenceOf(said: unknown, predicted: unknown, place: string): string | undefined {
  // An expression may become anything, also nothing.
  if (typeof said === 'string' && /^\[(?!\[)/.test(said)) return undefined
  if (typeof said !== 'object' || said === null) {
    return said === predicted ? undefined : `${place}: ${JSON.stringify(said)}`
  }
  if (typeof predicted !== 'object' || predicted === null) return `${place}: not predicted`
  const [ours, theirs] = [said as Record<string, unknown>, predicted as Record<string, unknown>]
  const loops = Array.isArray(said) ? [] : ((ours.copy ?? []) as { name: string }[])
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
  for (const name of names) {
    if (name === 'copy' || loops.some(loop => loop.name === name)) continue
    if (!(name in ours)) return `${place}.${name}: only predicted`
    const difference = differenceOf(ours[name], theirs[name], `${place}.${name}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

describe('the compiled template', () => {
  it.each(made)('says of %s (%s) what is predicted of it', (_, type, properties) => {
    const differences = predicted
      .filter(resource => resource.type === type)
      .map(resource => differenceOf(properties, resource.properties ?? {}, 'properties'))
    expect(differences, differences.join('; ')).toContain(undefined)
  })

  it('makes all that is predicted', () => {
    const types = new Set(made.map(([, type]) => type))
    expect(types.size).toBeGreaterThan(15)
    expect([...new Set(predicted.map(({ type }) => type))].filter(type => !types.has(type))).toEqual([])
  })

  it('means the same roles by the same names wherever it gives one', () => {
    const tables = templatesIn(template).flatMap(({ variables = {} }) =>
      Object.values(variables).filter(it => JSON.stringify(it).includes('storageBlobDataReader')),
    )
    expect(tables.length).toBeGreaterThan(5)
    for (const table of tables) expect(table).toEqual(tables[0])
    const ids = Object.values(tables[0] as Record<string, unknown>)
    const given = predicted
      .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
      .map(({ properties }) => properties.roleDefinitionId.split('/').at(-1))
    expect(ids.filter(id => !given.includes(id))).toEqual([])
  })

  it('gives each role where it is needed', () => {
    const given = templatesIn(template).map(({ resources }) =>
      Object.values(resources)
        .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
        .flatMap(({ properties }) => [...JSON.stringify(properties).matchAll(/variables\('roles'\)\.(\w+)/g)])
        .map(([, role]) => role),
    )
    // The own account, telemetry, the own vault, another one, a lake, and two kinds of topics.
    expect(given.filter(roles => roles.length > 0)).toEqual([
      ['storageBlobDataOwner', 'storageQueueDataContributor', 'storageTableDataContributor'],
      ['monitoringMetricsPublisher'],
      ['keyVaultSecretsUser'],
      ['keyVaultSecretsUser'],
      ['storageBlobDataReader'],
      ['storageBlobDataContributor', 'storageQueueDataMessageSender'],
      ['storageBlobDataContributor', 'storageQueueDataMessageSender'],
    ])
  })

  it('calls container and queue what the code calls them, in each of its parts', () => {
    const named = (name: string) =>
      templatesIn(template).flatMap(({ variables = {} }) => variables[name] ?? [])
    expect(new Set(named('deadLetterContainer'))).toEqual(new Set([DEAD_LETTER_CONTAINER]))
    expect(new Set(named('eventQueue'))).toEqual(new Set([EVENT_QUEUE]))
  })
})
