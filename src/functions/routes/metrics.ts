import { METRICS_CONTENT_TYPE, toMetricsText } from '../../core/metrics-text.ts'
import { defineRoute } from '../http/route.ts'

export const METRICS_ROUTES = [
  defineRoute({
    name: 'metrics',
    method: 'GET',
    path: 'metrics',
    summary: 'What was counted in this process, and how the service stands, as Prometheus reads it',
    access: 'Lakemark.Read',
    changes: false,
    answers: { 200: { description: "Prometheus' text format 0.0.4", contentType: 'text/plain' } },
    async handle({ lakemark }) {
      const { readMetrics } = await lakemark()
      return { status: 200, contentType: METRICS_CONTENT_TYPE, body: toMetricsText(await readMetrics()) }
    },
  }),
]
