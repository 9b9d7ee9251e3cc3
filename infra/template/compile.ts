import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FINGERPRINT_FILE, fingerprintOfSources, INFRA, readText, sourceFiles } from './sources.ts'

const run = promisify(execFile)

const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
/** Where a deployment is imagined for the predictions. */
const IMAGINED = [
  ...['--subscription-id', '00000000-0000-0000-0000-00000000000c'],
  ...['--location', 'westeurope'],
]
/** What azd would say; nothing of the machine that compiles comes in. */
const ENVIRONMENT = {
  AZURE_ENV_NAME: 'sample',
  AZURE_LOCATION: 'westeurope',
  LAKEMARK_DEPLOYED: 'true',
  LAKEMARK_AUTH_AUDIENCE: '00000000-0000-0000-0000-00000000000a',
}
const PARAMETER_FILES = ['main.bicepparam', 'samples/private.bicepparam'] as const

export interface Compiled {
  /** By path from infra/: the template, the resources that it makes of each file of parameters, a fingerprint. */
  texts: Map<string, string>
  /** The Bicep files that the compiler would write in another form. */
  unformatted: string[]
}

/** Compiles the Bicep files, as far as can be told without Azure. Every warning is an error. */
export async function compileInfra(compiler: string): Promise<Compiled> {
  const work = await mkdtemp(join(CACHE, 'infra-'))
  try {
    const files = await sourceFiles()
    for (const file of files) await cp(join(INFRA, file), join(work, file))
    // What the template is made of is linted with it.
    await bicep(['build', 'main.bicep'])
    for (const parameters of PARAMETER_FILES) {
      await bicep(['snapshot', parameters, '--mode', 'overwrite', ...IMAGINED])
    }
    await bicep(['format', '--pattern', '**/*.bicep'])
    await bicep(['format', '--pattern', '**/*.bicepparam'])
    const made = ['main.json', ...PARAMETER_FILES.map(snapshotOf)]
    const texts = await Promise.all(made.map(async path => [path, await readMade(work, path)] as const))
    return {
      texts: new Map([...texts, [FINGERPRINT_FILE, await fingerprintOfSources()]]),
      unformatted: await changedIn(work, files),
    }
  } finally {
    await rm(work, { recursive: true })
  }

  async function bicep(args: readonly string[]): Promise<void> {
    const { stdout, stderr } = await run(compiler, args, {
      cwd: work,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...ENVIRONMENT },
      maxBuffer: MAX_OUTPUT_BYTES,
    })
    const said = `${stdout}${stderr}`.trim()
    if (said !== '') throw new Error(`bicep ${args.join(' ')} says:\n${said}`)
  }
}

async function changedIn(work: string, files: readonly string[]): Promise<string[]> {
  const changed = await Promise.all(
    files.map(async file => (await readText(join(work, file))) !== (await readText(join(INFRA, file)))),
  )
  return files.filter((_, index) => changed[index])
}

function snapshotOf(parameters: string): string {
  return parameters.replace(/\.bicepparam$/, '.snapshot.json')
}

/** Predictions come in another order each time. */
async function readMade(work: string, path: string): Promise<string> {
  const text = await readText(join(work, path))
  if (!path.endsWith('.snapshot.json')) return text
  const { predictedResources, ...rest } = JSON.parse(text) as { predictedResources: { id: string }[] }
  const resources = predictedResources.sort((a, b) => (a.id < b.id ? -1 : 1))
  return `${JSON.stringify({ ...rest, predictedResources: resources }, inOrder, 2)}\n`
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
