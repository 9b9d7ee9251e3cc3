/** Metrics as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4. */

/** What belongs together under one name. No two samples have the same labels. */
export interface MetricFamily {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`; of a counter it ends with `_total`. */
  name: string
  /** One sentence. */
  help: string
  type: 'counter' | 'gauge'
  samples: readonly MetricSample[]
}

export interface MetricSample {
  /** Names are `[a-zA-Z_][a-zA-Z0-9_]*`; values may be any text. */
  labels?: Readonly<Record<string, string>>
  value: number
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A family without samples is named all the same: that there is nothing to tell is known then. */
export function toMetricsText(families: readonly MetricFamily[]): string {
  return families.map(textOf).join('')
}

function textOf({ name, help, type, samples }: MetricFamily): string {
  const lines = [
    `# HELP ${name} ${escapedHelp(help)}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels = {}, value }) => `${name}${labelsOf(labels)} ${numberOf(value)}`),
  ]
  return `${lines.join('\n')}\n`
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapedHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
}

/** Half of a surrogate pair cannot be written in UTF-8. */
function escapedValue(text: string): string {
  return escapedHelp(text.toWellFormed()).replace(/"/g, '\\"')
}

function numberOf(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}
