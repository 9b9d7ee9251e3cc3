import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '../../src/cli/commands/commands.ts'
import { ROOT } from '../tidy/sources.ts'

interface Job {
  permissions?: Record<string, string>
  steps: Step[]
  'timeout-minutes'?: number
}

interface Step {
  name?: string
  uses?: string
  run?: string
  with?: Record<string, unknown>
  env?: Record<string, string>
  'working-directory'?: string
}

interface Workflow {
  permissions: Record<string, string>
  jobs: Record<string, Job>
}

const FOLDER = join(ROOT, '.github/workflows')
const files = readdirSync(FOLDER).sort()
const texts = files.map(file => [file, readFileSync(join(FOLDER, file), 'utf8')] as const)
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

describe('the workflows', () => {
  it('are these', () => {
    expect(files).toEqual(['ci.yml', 'deploy.yml', 'rules.yml'])
  })
})

describe.each(texts)('the workflow %s', (_, text) => {
  const { permissions, jobs } = parse(text) as Workflow
  const steps = Object.values(jobs).flatMap(job => job.steps)

  it('runs actions of one commit each, with the release beside it', () => {
    const lines = text.split('\n').filter(line => /\buses:/.test(line))
    expect(lines.length).toBe(steps.filter(({ uses }) => uses !== undefined).length)
    for (const line of lines) expect(line).toMatch(/uses: [\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('may do nothing but what a job needs, and for so long', () => {
    expect(permissions).toEqual({})
    for (const job of Object.values(jobs)) {
      expect(job.permissions).toMatchObject({ contents: 'read' })
      expect(Object.keys(job.permissions ?? {}).filter(it => !MAY.includes(it))).toEqual([])
      expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
  })

  it('knows no secret, and leaves no credential in the checkout', () => {
    expect(text).not.toMatch(/\bsecrets\b/)
    for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      expect(step.with?.['persist-credentials']).toBe(false)
    }
  })

  it('gives a shell no text of others to run', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('$' + '{{')
  })

  it('runs scripts and commands that there are', () => {
    const all = steps.map(({ run = '' }) => run).join('\n')
    for (const [, script = ''] of all.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script)
    const names = COMMANDS.map(({ name }) => name)
    for (const [, name = ''] of all.matchAll(/lakemark\.js (\w+)/g)) expect(names).toContain(name)
  })
})

describe('the plan of a pull request', () => {
  const { jobs } = parse(readFileSync(join(FOLDER, 'rules.yml'), 'utf8')) as Workflow
  const step = (name: string) => jobs.plan?.steps.find(it => it.name === name)
  const elsewhere = '$' + '{{ runner.temp }}'

  it('asks nothing that the pull request brings along, but its rules', () => {
    expect(step('Plan')?.env).toEqual({ LAKEMARK_HOME: `${elsewhere}/lakemark` })
  })

  it('is written where no link of the pull request can lead it elsewhere', () => {
    const written = [...(step('Plan')?.run ?? '').matchAll(/>\s*(\S+)/g)].map(([, file]) => file)
    expect(written).toEqual(['"$RUNNER_TEMP/plan.md"'])
    expect(step('Comment')?.['working-directory']).toBe(elsewhere)
  })
})

const MAY = ['contents', 'id-token', 'pull-requests']

describe('azd', () => {
  const project = parse(readFileSync(join(ROOT, 'azure.yaml'), 'utf8')) as {
    requiredVersions: { azd: string }
    services: { app: { host: string; dist: string; remoteBuild: boolean; hooks: Hooks } }
    hooks: Hooks
    workflows: { up: { steps: { azd: string }[] } }
  }
  type Hooks = Record<string, Record<'posix' | 'windows', { run: string }>>

  it('deploys what npm run package writes, and has nothing built in Azure', () => {
    const { host, dist, remoteBuild, hooks } = project.services.app
    expect({ host, dist, remoteBuild }).toEqual({ host: 'function', dist: 'dist/app', remoteBuild: false })
    // Which is the first that knows remoteBuild for Functions.
    expect(project.requiredVersions.azd).toBe('>= 1.23.5')
    expect(hooks.prepackage?.posix.run).toBe('npm run package')
  })

  it('runs scripts that there are, the same on each platform', () => {
    for (const { posix, windows } of Object.values({ ...project.hooks, ...project.services.app.hooks })) {
      expect(windows.run).toBe(posix.run)
      for (const [, script = ''] of posix.run.matchAll(/npm run ([\w:]+)/g)) {
        expect(Object.keys(scripts)).toContain(script)
      }
    }
  })

  it('makes the subscriptions only after the functions that they name', () => {
    const steps = project.workflows.up.steps.map(({ azd }) => azd)
    expect(steps).toEqual(['package --all', 'provision', 'deploy --all', 'provision'])
    expect(project.hooks.postdeploy?.posix.run).toBe('azd env set LAKEMARK_DEPLOYED true')
    expect(readFileSync(join(ROOT, 'infra/main.bicepparam'), 'utf8')).toContain(
      "param isDeployed = bool(readEnvironmentVariable('LAKEMARK_DEPLOYED', 'false'))",
    )
  })
})
