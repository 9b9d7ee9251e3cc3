import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import { readInfra } from './prediction.ts'

interface Pipeline {
  name: string
  properties: {
    parameters: Record<string, { type: string }>
    activities: { type: string; typeProperties: WebActivity }[]
  }
}

interface WebActivity {
  method: string
  url: { value: string }
  body: unknown
  authentication: { type: string; resource: { value: string } }
}

/** Values that a pipeline might be run with. */
const VALUES: Readonly<Record<string, string>> = {
  container: 'contosolake/silver',
  prefix: 'sales/eu/',
  workspaceName: 'ml-retail',
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg-retail',
  datastoreName: 'silver',
  accountName: 'contosolake',
  filesystem: 'silver',
  datasetName: 'sales-eu',
  datasetPath: 'sales/eu/*.csv',
}

describe.each(['resync', 'register'])('the sample pipeline for %s', name => {
  const text = readInfra(`samples/data-factory-${name}.json`)
  const { properties } = JSON.parse(text) as Pipeline
  const call = properties.activities.find(({ type }) => type === 'WebActivity')?.typeProperties as WebActivity

  it('calls a route as the factory itself, with no secret', () => {
    const path = /'\/api\/([\w/]+)'/.exec(call.url.value)?.[1]
    const route = ROUTES.find(it => it.method === call.method && it.path === path)
    expect(route?.name).toBe(name)
    expect(call.authentication).toEqual({
      type: 'MSI',
      resource: { value: '@pipeline().parameters.audience', type: 'Expression' },
    })
  })

  it('sends a body that the route takes', () => {
    const filled = JSON.stringify(call.body).replace(
      /@\{pipeline\(\)\.parameters\.(\w+)\}/g,
      (_, parameter) => VALUES[parameter] ?? '',
    )
    const route = ROUTES.find(it => it.name === name)
    const parsed = route?.body?.safeParse(JSON.parse(filled))
    expect(parsed?.error?.issues ?? []).toEqual([])
    expect(parsed?.success).toBe(true)
  })

  it('declares the parameters that it uses, and uses those', () => {
    const used = new Set([...text.matchAll(/pipeline\(\)\.parameters\.(\w+)/g)].map(([, it]) => String(it)))
    expect([...used].sort()).toEqual(Object.keys(properties.parameters).sort())
  })
})

describe('the sample for a repository of rules', () => {
  it('gives the workflow that it calls what that needs', () => {
    const caller = parse(readInfra('samples/rules-repository.yml')) as {
      permissions: Record<string, string>
      jobs: { rules: { uses: string; with: Record<string, string> } }
    }
    const called = parse(readInfra('../.github/workflows/rules.yml')) as {
      on: { workflow_call: { inputs: Record<string, { required?: boolean }> } }
      jobs: Record<string, { permissions: Record<string, string> }>
    }
    const { inputs } = called.on.workflow_call
    const given = Object.keys(caller.jobs.rules.with)
    expect(given.filter(name => inputs[name] === undefined)).toEqual([])
    const required = Object.keys(inputs).filter(name => inputs[name]?.required)
    expect(given).toEqual(expect.arrayContaining(required))
    for (const { permissions } of Object.values(called.jobs)) {
      expect(caller.permissions).toMatchObject(permissions)
    }
    expect(caller.jobs.rules.uses).toMatch(/\/\.github\/workflows\/rules\.yml@[0-9a-f]{40}$/)
  })
})
