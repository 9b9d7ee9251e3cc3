import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

/** Dependencies of the SDKs that most starts do without, by the piece that each becomes. */
const LATE: Readonly<Record<string, string>> = {
  // For whoever names a proxy in HTTPS_PROXY.
  'http-proxy-agent': 'proxies',
  'https-proxy-agent': 'proxies',
  // What queues and lists of blobs are read with: tables, which are asked first, speak JSON.
  '@azure/core-xml': 'xml',
  // For who signs in with a certificate, which a managed identity does not.
  jsonwebtoken: 'assertions',
}

/** Of what Node finds in CommonJS, all but `module.exports`, which is the default export as well. */
const IDENTIFIER = /^\w+$/

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
    onLoad({ filter: /.*/, namespace: 'late' }, async ({ path }) => {
      const exported = Object.entries<unknown>(await import(path)).filter(([name]) => IDENTIFIER.test(name))
      const lines = exported.map(([name, value]) => {
        const standIn = standInFor(value, `require('./${LATE[path]}.js').${name}`)
        return name === 'default' ? `export default ${standIn}` : `export const ${name} = ${standIn}`
      })
      return { contents: lines.join('\n') }
    })
  },
}

/** Looks like a value, and asks the real one only where it is called. */
function standInFor(value: unknown, real: string): string {
  if (typeof value === 'function') {
    return `function (...given) { return new.target ? new (${real})(...given) : ${real}(...given) }`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, it]) => `${name}: ${standInFor(it, `${real}.${name}`)}`)
  return `{ ${members.join(', ')} }`
}
