import type { MetricFamily } from './core/metrics-text.ts'
import { SECOND } from './core/time.ts'

const MICROSECONDS = 1_000_000

/** What the runtime knows of this process, under the names that Prometheus' client libraries use. */
export function processMetrics(): MetricFamily[] {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const startedAt = Date.now() / SECOND - process.uptime()
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  })
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time of this process since its start.',
      type: 'counter',
      samples: [{ value: (user + system) / MICROSECONDS }],
    },
    gauge('process_start_time_seconds', 'When this process was started, since 1970.', startedAt),
    gauge('process_resident_memory_bytes', 'Memory of this process that is in use.', rss),
    gauge('nodejs_heap_size_total_bytes', "V8's heap of this process.", heapTotal),
    gauge('nodejs_heap_size_used_bytes', "What of V8's heap of this process is used.", heapUsed),
    gauge(
      'nodejs_external_memory_bytes',
      "Memory of this process outside of V8's heap that belongs to its objects.",
      external,
    ),
  ]
}
