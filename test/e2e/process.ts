import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { DEV_ACCOUNT, DEV_KEY } from '../../src/emulators/lake/azurite.ts'
import { ROOT } from '../tidy/sources.ts'

const COMMAND = join(ROOT, 'src/cli/lakemark.js')
const START_LIMIT_MS = 60_000

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the command line to its end, as a user would. */
export function runCommand(
  home: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  return startCommand(home, args, env).finished
}

/** The same, for commands that something is to happen to meanwhile. */
export function startCommand(
  home: string,
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; finished: Promise<Finished> } {
  const child = launch(home, args, env)
  const output = collect(child)
  const closed = new Promise<number | null>(resolve => child.once('close', resolve))
  return { child, finished: closed.then(code => ({ code, ...output() })) }
}

export interface RunningLakemark {
  service: string
  lake: string
  azureMl: string
  pid: number
  output(): { stdout: string; stderr: string }
  /** Ctrl-C; answers the exit code. */
  interrupt(): Promise<number | null>
  kill(): Promise<void>
}

/** `lakemark start` in a process of its own, on free ports, with its state in `home`. */
export async function startLakemark(
  home: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<RunningLakemark> {
  const child = launch(home, ['start', ...args], env)
  const output = collect(child)
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  await until('Lakemark is ready', async () => {
    if (child.exitCode !== null) throw new Error(`lakemark start ended: ${JSON.stringify(output())}`)
    return output().stdout.includes('Lakemark is ready')
  })
  const facts = JSON.parse(await readFile(join(home, 'running.json'), 'utf8'))
  return {
    ...facts,
    output,
    interrupt: () => {
      child.kill('SIGINT')
      return exited
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export interface Served {
  service: string
  kill(): Promise<void>
}

/** `lakemark serve` in a process of its own, on a free port. */
export async function startServe(home: string, env: Record<string, string>): Promise<Served> {
  const child = launch(home, ['serve'], env)
  const output = collect(child)
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const address = () => /service\s+(http:\S+)/.exec(output().stdout)?.[1]
  await until('lakemark serve is ready', async () => {
    if (child.exitCode !== null) throw new Error(`lakemark serve ended: ${JSON.stringify(output())}`)
    return address() !== undefined
  })
  return {
    service: String(address()),
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export async function createHome(): Promise<{ home: string; remove(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'lakemark-'))
  return { home, remove: () => rm(home, { recursive: true, force: true }) }
}

/** A folder of rules: the sample workspaces and the rules given. */
export async function writeRules(home: string, rules: string): Promise<string> {
  const folder = join(home, 'rules')
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'workspaces.yaml'),
    await readFile(join(ROOT, 'rules/workspaces.yaml'), 'utf8'),
  )
  await writeFile(join(folder, 'rules.yaml'), rules)
  return folder
}

/** Tries once: a lake that is gone is gone. */
export function lakeClient(lake: string): BlobServiceClient {
  return new BlobServiceClient(lake, new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY), {
    retryOptions: { maxTries: 1 },
  })
}

/** Polls until the condition holds; rejects with what was waited for when it never does. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  limitMs = START_LIMIT_MS,
): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await wait(50)
  }
}

const WORKSPACE_PATHS = {
  'ml-retail':
    'subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-retail/providers/Microsoft.MachineLearningServices/workspaces/ml-retail',
  'ml-forecast':
    'subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-forecast/providers/Microsoft.MachineLearningServices/workspaces/forecast-prod',
}
export type Alias = keyof typeof WORKSPACE_PATHS
export const ALIASES = Object.keys(WORKSPACE_PATHS) as Alias[]

export interface ArmVersion {
  name: string
  properties: {
    dataUri: string
    tags: Record<string, string>
    properties: Record<string, string>
    description?: string
  }
}

/** Asks the emulated ARM itself, by plain HTTP. */
export async function armVersions(azureMl: string, alias: Alias, asset: string): Promise<ArmVersion[]> {
  const found: ArmVersion[] = []
  let url: string | undefined =
    `${azureMl}/${WORKSPACE_PATHS[alias]}/data/${asset}/versions?api-version=2022-10-01&listViewType=All`
  while (url !== undefined) {
    const response: Response = await fetch(url, { headers: { Authorization: 'Bearer test' } })
    if (response.status === 404) return []
    if (!response.ok)
      throw new Error(`the emulated ARM answered ${response.status}: ${await response.text()}`)
    const page = (await response.json()) as { value: ArmVersion[]; nextLink?: string | null }
    found.push(...page.value)
    url = page.nextLink ?? undefined
  }
  return found.sort((a, b) => Number(a.name) - Number(b.name))
}

function launch(home: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      LAKEMARK_HOME: home,
      LAKEMARK_PORT: '0',
      LAKEMARK_LAKE_PORT: '0',
      LAKEMARK_AZUREML_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  const texts = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', text => {
    texts.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    texts.stderr += text
  })
  return () => ({ ...texts })
}
