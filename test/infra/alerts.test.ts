import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ROOT, readSources } from '../tidy/sources.ts'
import { readInfra, readPrediction } from './prediction.ts'

interface Alert {
  name: string
  title: string
  description: string
  query: string
}

const alerts = parse(readInfra('alerts.yaml')) as Alert[]
const workbook = JSON.parse(readInfra('workbook.json')) as {
  version: string
  items: { type: number; name: string; content: { query?: string } }[]
}
const queries = [
  ...alerts.map(({ name, query }) => [name, query] as const),
  ...workbook.items.flatMap(({ name, content: { query } }) =>
    query === undefined ? [] : [[name, query] as const],
  ),
]
const sources = readSources('src')

/** The messages that a query looks for in the lines of the log. */
function messagesIn(query: string): string[] {
  return [...query.matchAll(/\bmessage (?:==|in) \(?((?:'[^']+'(?:, )?)+)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/'([^']+)'/g)].map(([, message]) => String(message)),
  )
}

describe.each(queries)('the query of %s', (_, query) => {
  const messages = messagesIn(query)
  const writers = messages.map(message => sources.filter(({ text }) => text.includes(`'${message}'`)))

  it('looks for messages that the code writes, as warnings or errors', () => {
    expect(messages.filter((_, index) => writers[index]?.length === 0)).toEqual([])
    // The app writes nothing below a warning unless it is told to.
    const asInfo = messages.filter(message =>
      sources.some(({ text }) => text.includes(`log.info('${message}'`)),
    )
    expect(asInfo).toEqual([])
  })

  it('reads fields that these lines have', () => {
    const fields = [...query.matchAll(/\bline\.(\w+)/g)].map(([, field]) => String(field))
    // Every line has these.
    const own = fields.filter(field => !['message', 'level', 'time'].includes(field))
    const texts = writers.flat().map(({ text }) => text)
    expect(own.filter(field => !texts.some(text => new RegExp(`\\b${field}\\b`).test(text)))).toEqual([])
    expect(own.length === 0 || messages.length > 0).toBe(true)
  })

  it('asks the log of the app, or the invocations that the host reports', () => {
    expect(query).toMatch(/^(@lines|AppRequests)\b/)
  })
})

describe('the alerts', () => {
  it('are about what somebody must do something about', () => {
    const all = alerts.flatMap(({ query }) => messagesIn(query))
    expect(all).toEqual(
      expect.arrayContaining([
        'a dead letter was set aside',
        'message poisoned',
        'delivery failed',
        'assets whose message was lost were woken',
        'a part of a re-sync run failed',
        'rules refused',
      ]),
    )
  })

  it('are rules in Azure, with the lines of the log in place', () => {
    const rules = readPrediction('main').ofType('Microsoft.Insights/scheduledQueryRules')
    expect(rules).toHaveLength(alerts.length)
    for (const { name, properties } of rules) {
      // What Azure allows in such a name: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
      expect(name).toMatch(/^[a-z0-9-]+$/)
      expect(properties.criteria.allOf[0].query).not.toContain('@lines')
    }
  })

  it('go to somebody, where somebody is named', () => {
    const hidden = readPrediction('samples/private')
    const group = hidden.only('Microsoft.Insights/actionGroups').id
    for (const { properties } of hidden.ofType('Microsoft.Insights/scheduledQueryRules')) {
      expect(properties.actions.actionGroups).toEqual([group])
    }
  })

  it('also come from Event Grid itself, for each lake', () => {
    const metrics = readPrediction('samples/private')
      .ofType('Microsoft.Insights/metricAlerts')
      .map(({ properties }) => properties.criteria.allOf[0].metricName)
    expect(metrics.sort()).toEqual([
      'DeadLetteredCount',
      'DeadLetteredCount',
      'DroppedEventCount',
      'DroppedEventCount',
    ])
  })

  it('are explained to people on call', () => {
    const readme = readInfra('README.md')
    expect(alerts.filter(({ title }) => !readme.includes(title)).map(({ title }) => title)).toEqual([])
  })

  it('are not thinned out on their way', () => {
    const { logging } = JSON.parse(readFileSync(join(ROOT, 'host.json'), 'utf8'))
    const { samplingSettings } = logging.applicationInsights
    expect(samplingSettings.excludedTypes.split(';')).toEqual(
      expect.arrayContaining(['Request', 'Exception', 'Trace']),
    )
  })
})

describe('the workbook', () => {
  it('is one, and arrives in Azure as a text of JSON', () => {
    expect(workbook.version).toBe('Notebook/1.0')
    const { properties } = readPrediction('main').only('Microsoft.Insights/workbooks')
    const sent = JSON.parse(properties.serializedData) as typeof workbook
    expect(sent.items.map(({ name }) => name)).toEqual(workbook.items.map(({ name }) => name))
    expect(properties.serializedData).not.toContain('@lines')
  })
})
