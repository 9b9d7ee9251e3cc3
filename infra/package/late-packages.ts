import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

/** Dependencies of the SDKs that most starts do without, by the piece that each becomes. */
const LATE: Readonly<Record<string, string>> = {
  // For whoever names a proxy in HTTPS_PROXY.
  'http-proxy-agent': 'proxies',
  'https-proxy-agent': 'proxies',
  // Tables speak JSON; queues and lists of blobs are XML.
  '@azure/core-xml': 'xml',
}

const fileOf = (piece: string) => fileURLToPath(new URL(`./${piece}.ts`, import.meta.url))

/** Entry points for esbuild. */
export const LATE_PIECES = Object.fromEntries(Object.values(LATE).map(piece => [piece, fileOf(piece)]))

/**
 * Puts in the place of each such package what looks like it and loads it when one of its functions is called. The SDKs
 * name these packages among what they need at once, so that a lazy `import()` cannot be had of them.
 */
export const late: Plugin = {
  name: 'late',
  setup({ onResolve, onLoad }) {
    const entries = new Set(Object.values(LATE_PIECES))
    onResolve({ filter: new RegExp(`^(${Object.keys(LATE).join('|')})$`) }, ({ path, importer }) =>
      entries.has(importer) ? undefined : { path, namespace: 'late' },
    )
    onResolve({ filter: /^\.\//, namespace: 'late' }, ({ path }) => ({ path, external: true }))
    onLoad({ filter: /.*/, namespace: 'late' }, async ({ path }) => ({
      contents: Object.entries(await import(path))
        .map(([name, value]) => standIn(name, value, `./${LATE[path]}.js`))
        .join('\n'),
    }))
  },
}

function standIn(name: string, value: unknown, piece: string): string {
  if (typeof value !== 'function') return `export const ${name} = ${JSON.stringify(value)}`
  return `export function ${name}(...given) {
    const { ${name}: real } = require('${piece}')
    return new.target ? new real(...given) : real(...given)
  }`
}
