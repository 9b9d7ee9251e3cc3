import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin, transform } from 'esbuild'
import { APP_VERSION } from '../../src/app-version.ts'
import { ROUTE_TABLE } from '../../src/functions/routes/table.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MANIFEST = fileURLToPath(new URL('../../package.json', import.meta.url))
const START = new URL('./start.cjs', import.meta.url)
/** The oldest Node that the app runs on in Azure. */
const TARGET = 'node22'

export interface Piece {
  /** Without a folder. */
  name: string
  text: string
}

export interface Bundle {
  /** `main.js` is the entry: it loads `app.js`, and each piece loads others when they are first needed. */
  pieces: Piece[]
  /** What went in, by path from the project's root, and what each piece needs at once or late. */
  metafile: Metafile
}

/**
 * The function app as few pieces of CommonJS. esbuild splits at `await import()`, so that what is loaded late stays
 * out of the first piece, but it splits ES modules only; and those are slow to start, above all where they import
 * Node's own. So it bundles ES modules, and each of the pieces is turned into CommonJS.
 */
export async function bundle(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { app: 'src/functions/main.ts' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: TARGET,
    // Names stay: shorter ones save no time at a start, and nobody could read a stack of calls.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // Given by the worker that runs the app.
    external: ['@azure/functions-core'],
    chunkNames: '[name]-[hash]',
    outdir: 'dist',
    write: false,
    metafile: true,
    plugins: [knownAlready],
    logLevel: 'error',
  })
  const pieces = await Promise.all(outputFiles.map(({ path, text }) => toCommonJs(basename(path), text)))
  const start = { name: 'main.js', text: await readFile(START, 'utf8') }
  return { pieces: [start, ...pieces].sort((a, b) => (a.name < b.name ? -1 : 1)), metafile }
}

/** What is known when the app is packaged: the table of routes instead of the definitions, and the version alone. */
const knownAlready: Plugin = {
  name: 'known-already',
  setup({ onLoad }) {
    onLoad({ filter: /src\/functions\/routes\/table\.ts$/ }, () => ({
      contents: `export const ROUTE_TABLE = ${JSON.stringify(ROUTE_TABLE)}`,
    }))
    onLoad({ filter: /package\.json$/ }, ({ path }) =>
      path === MANIFEST ? { contents: JSON.stringify({ version: APP_VERSION }), loader: 'json' } : undefined,
    )
  },
}

async function toCommonJs(name: string, text: string): Promise<Piece> {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: TARGET,
    minifyWhitespace: true,
    minifySyntax: true,
    // Pieces that are loaded late are required as well: the loader of ES modules need not start.
    supported: { 'dynamic-import': false },
    // A package that asks for its own address, to open a browser for people who sign in; nothing does that here.
    logOverride: { 'empty-import-meta': 'silent' },
  })
  return { name, text: code }
}
