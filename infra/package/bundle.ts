import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin, transform } from 'esbuild'
import { APP_VERSION } from '../../src/app-version.ts'
import { ROUTE_TABLE } from '../../src/functions/routes/table.ts'
import { joinPieces, type Piece } from './join-pieces.ts'
import { LATE_PIECES, late } from './late-packages.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MANIFEST = fileURLToPath(new URL('../../package.json', import.meta.url))
const START = new URL('./start.cjs', import.meta.url)
/** What is loaded to register the functions, then to ask the tables, then to take an event in. */
const TOGETHER = ['app.js', 'open-tables.js', 'assemble-lakemark.js']
const HASH = /-[A-Z0-9]{8}(?=\.js$)/
/** The oldest Node that the app runs on in Azure. */
const TARGET = 'node22'

export interface Bundle {
  /** The files. `main.js` is the entry: it loads `app.js`, and each loads others when they are first needed. */
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
    entryPoints: { app: 'src/functions/main.ts', ...LATE_PIECES },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: TARGET,
    // Names stay: shorter ones save no time at a start, and nobody could read a stack of calls.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // The SDKs ask of each request whether it is a form. None is, and Node would load all of `fetch` for the answer.
    define: { FormData: 'undefined' },
    // Given by the worker that runs the app.
    external: ['@azure/functions-core'],
    chunkNames: '[name]-[hash]',
    outdir: 'dist',
    write: false,
    metafile: true,
    plugins: [knownAlready, late],
    logLevel: 'error',
  })
  const pieces = await Promise.all(outputFiles.map(({ path, text }) => toCommonJs(basename(path), text)))
  const firsts = TOGETHER.map(
    first => pieces.find(({ name }) => name.replace(HASH, '') === first)?.name ?? first,
  )
  const start = { name: 'main.js', text: await readFile(START, 'utf8') }
  return {
    pieces: [start, ...joinPieces(pieces, metafile, firsts)].sort((a, b) => (a.name < b.name ? -1 : 1)),
    metafile,
  }
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
  return { name, text: VIEW + code.replace(IMPORTED, viewOfBuiltin) }
}

/**
 * A module of Node's own as an ES module sees it. What esbuild makes for that copies the description of each property,
 * upon which Node loads all that it would load late: the parts of `node:util` bring worker threads with them.
 */
const VIEW = 'var __view=module=>Object.create(module,{default:{value:module}});'
const IMPORTED = /__toESM\(require\("([^"]+)"\)(?:,1)?\)/g

function viewOfBuiltin(call: string, module: string): string {
  return isBuiltin(module) ? `__view(require("${module}"))` : call
}
