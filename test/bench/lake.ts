/** Rules and paths such as a large lake has, made from a seed: the same in every run. */
import { compilePattern, type Pattern } from '../../src/core/patterns/pattern.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import type { Rule } from '../../src/core/rules/rule-set.ts'

export const ACCOUNT = 'contosolake'
export const CONTAINERS = ['landing', 'bronze', 'silver', 'gold', 'sandbox']

/** A rule's pattern as Lakemark takes it, as a plain glob, and how to make a path that it matches. */
export interface LakeRule {
  container: string
  pattern: string
  glob: string
  example(random: Random): string
}

/** From 0 to below `below`, whole. */
export type Random = (below: number) => number

type Shape = (domain: string, dataset: string) => Pick<LakeRule, 'pattern' | 'example'>

const DOMAINS = [
  ...['sales', 'finance', 'marketing', 'logistics', 'hr', 'support', 'iot', 'web', 'mobile', 'risk'],
  ...['supply-chain', 'procurement', 'payments', 'fraud', 'customer', 'product', 'catalog', 'pricing'],
  ...['inventory', 'warehouse', 'shipping', 'returns', 'loyalty', 'ads', 'search', 'recommendations'],
]
const NOUNS = [
  ...['orders', 'invoices', 'events', 'sessions', 'clicks', 'shipments', 'tickets', 'sensors', 'accounts'],
  ...['users', 'prices', 'stock', 'campaigns', 'refunds', 'visits', 'ledger', 'items', 'positions'],
]
const REGIONS = ['eu', 'us', 'apac', 'latam', 'uk']

/** All but the pattern, the name and the container of each rule. */
const ANY_RULE = parseRule(`
workspaces:
  ml-a: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg }
rules:
  - { name: any, from: ${ACCOUNT}/${CONTAINERS[0]}, match: "**", asset: "asset-{stem}", to: ml-a }
`)

/** The first ones are the most frequent. */
const SHAPES: [weight: number, Shape][] = [
  [
    30,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}/dt={date}/*.parquet`,
      example: random => `${domain}/${dataset}/dt=${dateOf(random)}/part-${digits(random, 5)}.snappy.parquet`,
    }),
  ],
  [
    15,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}/**`,
      example: random => `${domain}/${dataset}/${dateOf(random)}/${digits(random, 3)}/data.json`,
    }),
  ],
  [
    10,
    (domain, dataset) => ({
      pattern: `${domain}/{region}/${dataset}/*.csv`,
      example: random => `${domain}/${pick(REGIONS, random)}/${dataset}/${dateOf(random)}.csv`,
    }),
  ],
  [
    10,
    (domain, dataset) => ({
      pattern: `**/${dataset}/*.parquet`,
      example: random => `export/${domain}/${dataset}/${digits(random, 6)}.parquet`,
    }),
  ],
  [
    8,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}/v[0-9]/*.{csv,json}`,
      example: random =>
        `${domain}/${dataset}/v${digits(random, 1)}/extract.${pick(['csv', 'json'], random)}`,
    }),
  ],
  [
    7,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}_*.csv`,
      example: random => `${domain}/${dataset}_${dateOf(random)}.csv`,
    }),
  ],
  [
    6,
    (domain, dataset) => ({
      pattern: `${domain}/**/${dataset}/**`,
      example: random => `${domain}/${pick(REGIONS, random)}/daily/${dataset}/${digits(random, 4)}.avro`,
    }),
  ],
  [
    5,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}/{2023,2024,2025}/{month}/*.csv`,
      example: random => `${domain}/${dataset}/2024/${digits(random, 2)}/full.csv`,
    }),
  ],
  [
    5,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}/+([0-9])/chunk-???.@(json|avro)`,
      example: random => `${domain}/${dataset}/${digits(random, 8)}/chunk-${digits(random, 3)}.avro`,
    }),
  ],
  [
    4,
    (domain, dataset) => ({
      pattern: `${domain}/${dataset}/latest.parquet`,
      example: () => `${domain}/${dataset}/latest.parquet`,
    }),
  ],
]

/** The first n of them are the rules of a smaller lake. */
export function lakeRules(count: number, seed: number): LakeRule[] {
  const random = createRandom(seed)
  const rules: LakeRule[] = []
  let name = { container: '', domain: '', dataset: '' }
  for (let i = 0; i < count; i++) {
    // Every tenth rule is about the same data as the one before.
    if (i % 10 !== 9) {
      const [container, domain] = [pick(CONTAINERS, random), pick(DOMAINS, random)]
      name = { container, domain, dataset: `${pick(NOUNS, random)}_${digits(random, 4)}` }
    }
    const { pattern, example } = pickShape(random)(name.domain, name.dataset)
    rules.push({ container: name.container, pattern, glob: toGlob(pattern), example })
  }
  return rules
}

/** A path near the rule that it probably does not match: another dataset, another place, another ending. */
export function nearMiss(rule: LakeRule, random: Random): string {
  const path = rule.example(random)
  const misses = [
    () => path.replace(/_\d{4}/, () => `_x${digits(random, 3)}`),
    () => path.replace(/^[^/]+/, () => pick(DOMAINS, random)),
    () => `archive/${path}.bak`,
    () => path.replace(/[^/]+$/, () => `_temporary-${digits(random, 4)}.tmp`),
  ]
  return (misses[random(misses.length)] as () => string)()
}

export function toPattern({ pattern }: LakeRule): Pattern {
  const compiled = compilePattern(pattern)
  if ('problem' in compiled) throw new Error(`${pattern} ${compiled.problem}`)
  return compiled
}

export function toRule({ container }: LakeRule, match: Pattern, index: number): Rule {
  return { ...ANY_RULE, name: `rule-${index}`, container, match }
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

function parseRule(text: string): Rule {
  const parsed = parseRules([{ path: 'bench.yaml', text }])
  const [rule] = parsed.ok ? parsed.rules.rules : []
  if (rule === undefined) throw new Error(JSON.stringify(parsed))
  return rule
}

/** A capture takes what ?* takes. */
function toGlob(pattern: string): string {
  return pattern.replace(/\{[a-z]+\}/g, '?*')
}

function pickShape(random: Random): Shape {
  let at = random(SHAPES.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, shape] of SHAPES) {
    at -= weight
    if (at < 0) return shape
  }
  throw new Error('the weights do not add up')
}

function pick<T>(all: readonly T[], random: Random): T {
  return all[random(all.length)] as T
}

function digits(random: Random, count: number): string {
  return String(random(10 ** count)).padStart(count, '0')
}

function dateOf(random: Random): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${2020 + random(6)}-${two(1 + random(12))}-${two(1 + random(28))}`
}
