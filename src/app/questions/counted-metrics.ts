/** What a process has counted, as metrics: the names that are counted under, told apart by their first word. */
import type { MetricFamily, MetricSample } from '../../core/metrics-text.ts'

interface CountedFamily {
  name: string
  help: string
  /** What stands behind the first colon, the second, and so on. */
  labels: readonly string[]
}

/** By first word; a name with a colon more than these have labels keeps the rest in its last label. */
const FAMILIES: Readonly<Record<string, CountedFamily>> = {
  events: { name: 'events', help: 'Storage events that came.', labels: [] },
  ignored: {
    name: 'ignored',
    help: 'Storage events, and files found by listing, that led to nothing, by reason.',
    labels: ['reason'],
  },
  files: {
    name: 'files',
    help: 'Decisions on files that a rule matches, once for each asset, by outcome.',
    labels: ['outcome'],
  },
  versions: { name: 'versions_cut', help: 'Versions cut, by what made them due.', labels: ['cause'] },
  deliveries: {
    name: 'deliveries',
    help: 'Attempts to deliver a version to a workspace, by what came of it; delayed: it is tried again.',
    labels: ['state', 'workspace'],
  },
  listed: { name: 'listed_files', help: 'Files found by listing folders and for new rules.', labels: [] },
  runs: { name: 'resync_runs', help: 'Re-sync runs started, and ended by state.', labels: ['state'] },
  sweep: {
    name: 'swept_assets',
    help: 'Assets that the sweep found; woken: their message was lost.',
    labels: ['outcome'],
  },
  deadletters: {
    name: 'dead_letters',
    help: 'Blobs of dead letters by outcome; events: what was in them.',
    labels: ['outcome'],
  },
  secrets: {
    name: 'secret_events',
    help: 'Events of Key Vault; ignored: none of our datastores uses the secret.',
    labels: ['outcome'],
  },
  datastores: {
    name: 'datastore_looks',
    help: 'Looks at datastores that have a credential, by what came of it.',
    labels: ['outcome'],
  },
  poisoned: {
    name: 'poisoned_messages',
    help: 'Messages of the work queue that failed in every attempt.',
    labels: [],
  },
}
const OTHERS: CountedFamily = { name: 'counted', help: 'What else was counted, by name.', labels: ['name'] }
const SCOPE = 'Of this process since its start.'

/** `counts`: what `Counters` answers. Families in which nothing was counted yet are there too. */
export function countedMetrics(counts: Readonly<Record<string, number>>): MetricFamily[] {
  const samples = new Map<CountedFamily, MetricSample[]>(
    [...Object.values(FAMILIES), OTHERS].map(family => [family, []]),
  )
  for (const [counted, value] of Object.entries(counts)) {
    const [word = '', ...rest] = counted.split(':')
    const family = Object.hasOwn(FAMILIES, word) ? FAMILIES[word] : undefined
    const isFit =
      family !== undefined &&
      rest.length >= family.labels.length &&
      !(family.labels.length === 0 && rest.length > 0)
    if (isFit) samples.get(family)?.push({ labels: labelsOf(family, rest), value })
    else samples.get(OTHERS)?.push({ labels: { name: counted }, value })
  }
  return [...samples].map(([{ name, help, labels }, its]) => ({
    name: `lakemark_${name}_total`,
    help: `${help} ${SCOPE}`,
    type: 'counter',
    // What has not happened yet has happened no times.
    samples: its.length === 0 && labels.length === 0 ? [{ value: 0 }] : its,
  }))
}

function labelsOf({ labels }: CountedFamily, parts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    labels.map((label, at) => [
      label,
      at === labels.length - 1 ? parts.slice(at).join(':') : String(parts[at]),
    ]),
  )
}
