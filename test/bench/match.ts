/**
 * What it costs to find the rules of a path: `npm run bench:match`. All contenders get the same paths and rules in
 * the same run and must find the same; half of the paths match one to three rules, the others none but nearly.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Minimatch } from 'minimatch'
import picomatch from 'picomatch'
import type { BlobRef } from '../../src/core/blob-ref.ts'
import { createCandidates } from '../../src/core/matching/candidates.ts'
import { createMatcher } from '../../src/core/matching.ts'
import type { Pattern } from '../../src/core/patterns/pattern.ts'
import { createSplitPath, splitInto } from '../../src/core/patterns/split-path.ts'
import type { Rule } from '../../src/core/rules/rule-set.ts'
import { ACCOUNT, createRandom, type LakeRule, lakeRules, nearMiss, toPattern, toRule } from './lake.ts'

const SEED = 20_250_131
const SIZES = [10, 100, 1000, 10_000]
const PATHS = 1000
const MAX_MATCHES = 3
const ROUNDS = 5
/** A round repeats its paths for at least so long. */
const MIN_ROUND_MS = 50
const GLOB_OPTIONS = { dot: true, nonegate: true, nocomment: true } as const

const FLOOR = 'floor: split and hash'
const INDEX = 'index'
const MATCHES = 'index and Match objects'
const OWN = 'Minimatch, own rules'
const PICOMATCH = 'picomatch, all rules'
const MINIMATCH = 'Minimatch, all rules'

/** Finds the rules of each path and returns how many it found in all. */
type Contender = (refs: readonly BlobRef[]) => number

const collectGarbage = exposeGc()
const all = lakeRules(SIZES.at(-1) as number, SEED)
const build = measureBuild(all)

console.log(`Node ${process.version}, ${PATHS} paths, median of ${ROUNDS} rounds, ns per path`)
const medians = SIZES.map(size => measureSize(all.slice(0, size)))
printTable(medians)
printBuild(build)

function measureSize(lake: LakeRule[]): Record<string, number> {
  const rules = lake.map((rule, i) => toRule(rule, toPattern(rule), i))
  const refs = createRefs(lake, rules)
  const contenders = createContenders(lake, rules)
  const samples = new Map(Object.keys(contenders).map(name => [name, [] as number[]]))
  const names = Object.keys(contenders)
  const found = checkAgreement(contenders, refs)
  const segments = (contenders[FLOOR] as Contender)(refs)
  for (let round = 0; round < ROUNDS; round++) {
    // Every contender is measured in every place of the row, so that none always runs behind the same one.
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length] as string
      samples.get(name)?.push(measure(contenders[name] as Contender, refs, name === FLOOR ? segments : found))
    }
  }
  return Object.fromEntries([...samples].map(([name, times]) => [name, median(times)]))
}

function createContenders(lake: LakeRule[], rules: Rule[]): Record<string, Contender> {
  const candidates = createCandidates(rules)
  const matcher = createMatcher({ rules })
  const split = createSplitPath()
  const minimatches = lake.map(({ container, glob }) => ({
    container,
    glob: new Minimatch(glob, GLOB_OPTIONS),
  }))
  const picomatches = lake.map(({ container, glob }) => ({ container, test: picomatch(glob, GLOB_OPTIONS) }))
  const own = Map.groupBy(minimatches, ({ container }) => container)
  return {
    [INDEX]: refs => sumOf(refs, ref => candidates.of(ref).length),
    [MATCHES]: refs => sumOf(refs, ref => matcher.match(ref).length),
    [MINIMATCH]: refs => sumOf(refs, ref => countMinimatch(minimatches, ref)),
    [OWN]: refs => sumOf(refs, ref => countMinimatch(own.get(ref.container) ?? [], ref)),
    [PICOMATCH]: refs => sumOf(refs, ref => countPicomatch(picomatches, ref)),
    [FLOOR]: refs =>
      sumOf(refs, ref => {
        splitInto(split, ref.path)
        return split.count
      }),
  }
}

function sumOf(refs: readonly BlobRef[], countOf: (ref: BlobRef) => number): number {
  let sum = 0
  for (const ref of refs) sum += countOf(ref)
  return sum
}

function countMinimatch(rules: { container: string; glob: Minimatch }[], ref: BlobRef): number {
  let count = 0
  for (const rule of rules) if (rule.glob.match(ref.path) && rule.container === ref.container) count++
  return count
}

function countPicomatch(
  rules: { container: string; test: (path: string) => boolean }[],
  ref: BlobRef,
): number {
  let count = 0
  for (const rule of rules) if (rule.test(ref.path) && rule.container === ref.container) count++
  return count
}

/** Half of them match one to three rules, the others none. */
function createRefs(lake: LakeRule[], rules: Rule[]): BlobRef[] {
  const random = createRandom(SEED)
  const candidates = createCandidates(rules)
  const matching: BlobRef[] = []
  const missing: BlobRef[] = []
  for (let tries = 0; matching.length + missing.length < PATHS; tries++) {
    if (tries > 100 * PATHS) throw new Error('the rules make too few such paths')
    const rule = lake[random(lake.length)] as LakeRule
    const path = tries % 2 === 0 ? rule.example(random) : nearMiss(rule, random)
    const ref = { account: ACCOUNT, container: rule.container, path }
    const count = candidates.of(ref).length
    if (count > MAX_MATCHES) continue
    const kind = count === 0 ? missing : matching
    if (kind.length < PATHS / 2) kind.push(ref)
  }
  return matching.flatMap((ref, i) => [ref, missing[i] as BlobRef])
}

/** Nanoseconds per path. */
function measure(contender: Contender, refs: readonly BlobRef[], expected: number): number {
  const start = performance.now()
  let passes = 0
  let elapsedMs = 0
  while (elapsedMs < MIN_ROUND_MS) {
    // Looking at what they find also keeps the compiler from leaving the work out.
    if (contender(refs) !== expected) throw new Error('the same paths gave another count')
    passes++
    elapsedMs = performance.now() - start
  }
  return (elapsedMs * 1e6) / (passes * refs.length)
}

/** How many matches all of them find; throws where they differ. */
function checkAgreement({ [FLOOR]: _, ...contenders }: Record<string, Contender>, refs: BlobRef[]): number {
  let found = 0
  for (const ref of refs) {
    const counts = Object.entries(contenders).map(([name, contender]) => ({ name, count: contender([ref]) }))
    const [first] = counts
    if (counts.some(({ count }) => count !== first?.count)) {
      throw new Error(`they disagree on ${ref.container}/${ref.path}: ${JSON.stringify(counts)}`)
    }
    found += first?.count ?? 0
  }
  return found
}

/** What compiling the patterns and indexing them costs, each in a process that has done neither before. */
function measureBuild(lake: LakeRule[]) {
  const patterns = measureMaking(() => lake.map(toPattern))
  const rules = lake.map((rule, i) => toRule(rule, patterns.made[i] as Pattern, i))
  const index = measureMaking(() => createCandidates(rules))
  return { patterns, index }
}

function measureMaking<T>(make: () => T): { made: T; ms: number; mb: number } {
  const before = heapMb()
  const start = performance.now()
  const made = make()
  const ms = performance.now() - start
  return { made, ms, mb: heapMb() - before }
}

function printTable(rows: Record<string, number>[]): void {
  console.log(`\n${cells('rules', SIZES.map(String))}`)
  for (const name of [FLOOR, INDEX, MATCHES, OWN, PICOMATCH, MINIMATCH]) {
    console.log(
      cells(
        name,
        rows.map(row => round(row[name] as number)),
      ),
    )
  }
  console.log('\nhow many times as much as the index')
  for (const name of [FLOOR, MATCHES, OWN, PICOMATCH, MINIMATCH]) {
    console.log(
      cells(
        name,
        rows.map(row => `${round((row[name] as number) / (row[INDEX] as number))} ×`),
      ),
    )
  }
  const [first = {}, last = {}] = [rows.at(0), rows.at(-1)]
  const growth = (last[INDEX] as number) / (first[INDEX] as number)
  console.log(`\nthe index at ${SIZES.at(-1)} rules costs ${round(growth)} × what it costs at ${SIZES[0]}`)
}

function printBuild({ patterns, index }: ReturnType<typeof measureBuild>): void {
  console.log(`\nat ${SIZES.at(-1)} rules, from a cold start:`)
  console.log(cells('', ['ms', 'MB of heap']))
  console.log(cells('compiled patterns', [round(patterns.ms), round(patterns.mb)]))
  console.log(cells('index', [round(index.ms), round(index.mb)]))
  console.log(cells('together', [round(patterns.ms + index.ms), round(patterns.mb + index.mb)]))
}

function cells(name: string, values: string[]): string {
  return name.padEnd(24) + values.map(value => value.padStart(12)).join('')
}

function round(value: number): string {
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en')
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

function heapMb(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

function exposeGc(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
