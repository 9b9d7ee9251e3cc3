import fc from 'fast-check'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { describe, expect, it } from 'vitest'
import { type MetricFamily, toMetricsText } from '../../src/core/metrics-text.ts'

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/)
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '{', '}', ',', '=', ' ', '#', 'é', '\u{1f600}') }),
)
const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)
const samples = fc.uniqueArray(
  fc.record({ labels: fc.dictionary(labelName, text, { maxKeys: 3, noNullPrototype: true }), value }),
  { selector: ({ labels }) => JSON.stringify(labels), maxLength: 5 },
)
const family: fc.Arbitrary<MetricFamily> = fc.record({
  name,
  // Of our own: never empty, and on one line as it comes out.
  help: fc.stringMatching(/^[ -~]{1,40}$/).map(it => `${it.trim()}.`),
  type: fc.constantFrom('counter' as const, 'gauge' as const),
  samples,
})
const families = fc.uniqueArray(family, { selector: it => it.name, maxLength: 5 })

/** As Prometheus' own libraries read numbers. */
function toNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

function read(written: string): MetricFamily[] {
  return parsePrometheusTextFormat(written).map(({ name, help, type, metrics }) => ({
    name,
    help,
    type: type.toLowerCase() as MetricFamily['type'],
    samples: metrics.map(({ labels = {}, value }) => ({ labels, value: toNumber(value) })),
  }))
}

describe('metrics as text', () => {
  it('are what a parser that is none of ours reads again, whatever the labels hold', () => {
    fc.assert(
      fc.property(families, written => {
        const expected = written.map(it => ({
          ...it,
          samples: it.samples.map(({ labels = {}, value }) => ({
            labels: Object.fromEntries(Object.entries(labels).map(([key, its]) => [key, its.toWellFormed()])),
            value: value === 0 ? 0 : value,
          })),
        }))
        expect(read(toMetricsText(written))).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('stand line by line as the format says', () => {
    const written = toMetricsText([
      {
        name: 'a_total',
        help: 'Of \\ and\nmore.',
        type: 'counter',
        samples: [{ value: 1 }, { labels: { x: 'a"b\\c\nd', y: '' }, value: 0.5 }],
      },
      { name: 'b', help: 'None.', type: 'gauge', samples: [] },
      {
        name: 'c',
        help: 'Odd.',
        type: 'gauge',
        samples: [{ value: Number.NaN }, { labels: { z: 'é' }, value: -1e-7 }],
      },
    ])
    expect(written).toBe(
      [
        '# HELP a_total Of \\\\ and\\nmore.',
        '# TYPE a_total counter',
        'a_total 1',
        'a_total{x="a\\"b\\\\c\\nd",y=""} 0.5',
        '# HELP b None.',
        '# TYPE b gauge',
        '# HELP c Odd.',
        '# TYPE c gauge',
        'c NaN',
        'c{z="é"} -1e-7',
        '',
      ].join('\n'),
    )
  })
})
