import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Metafile } from 'esbuild'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AppFile, collectAppFiles, collectRuleFiles } from '../../infra/package/app-files.ts'
import { type Bundle, bundle } from '../../infra/package/bundle.ts'
import { toZip } from '../../infra/package/zip.ts'
import { ROOT } from '../tidy/sources.ts'

const run = promisify(execFile)
/** Asked for by a package that does without them where they are not there. */
const OPTIONAL = ['kerberos']

describe('the package', () => {
  let files: AppFile[]
  let paths: string[]
  let bundled: Bundle

  beforeAll(async () => {
    ;[files, bundled] = await Promise.all([collectAppFiles('rules'), bundle()])
    paths = files.map(({ path }) => path)
  })

  it('holds the manifest, the settings of the host, the bundle and the rules, and nothing else', () => {
    const others = paths.filter(path => !/^dist\/[\w.-]+\.js$/.test(path))
    expect(others).toEqual([
      'dist/THIRD-PARTY-LICENSES.txt',
      'host.json',
      'package.json',
      'rules/sales.yaml',
      'rules/workspaces.yaml',
    ])
    expect(paths).toEqual(expect.arrayContaining(['dist/main.js', 'dist/app.js']))
    expect(paths.filter(path => /\.(ts|map|test)|node_modules|\.lakemark/.test(path))).toEqual([])
  })

  it('comes with the licence of each package whose code is in it', () => {
    const notices = textOf('dist/THIRD-PARTY-LICENSES.txt')
    const used = Object.values(bundled.metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs))
    const names = used.flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput === 0 ? [] : (/.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
    )
    expect(names).toContain('zod')
    for (const name of new Set(names)) expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+`, 'm'))
    expect(
      notices.match(/Permission is hereby granted|Apache License|ISC License|Redistribution and use/g)
        ?.length,
    ).toBeGreaterThanOrEqual(10)
  })

  it('has a manifest that leads to the bundle and asks for no other package', () => {
    const manifest = JSON.parse(textOf('package.json'))
    expect(Object.keys(manifest).sort()).toEqual(['license', 'main', 'name', 'private', 'type', 'version'])
    expect(paths).toContain(manifest.main)
    expect(manifest.type).toBe('commonjs')
  })

  it('needs nothing but Node, the core of the worker, and itself', () => {
    const known = new Set([
      ...builtinModules,
      ...builtinModules.map(name => `node:${name}`),
      '@azure/functions-core',
      ...OPTIONAL,
    ])
    const missing = files
      .filter(({ path }) => path.startsWith('dist/'))
      .flatMap(({ path }) => requiredBy(textOf(path)))
      .filter(name => (name.startsWith('./') ? !paths.includes(`dist/${name.slice(2)}`) : !known.has(name)))
    expect(missing).toEqual([])
  })

  it('is made of the product and its dependencies: no tests, no doubles, nothing for development', async () => {
    const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const inputs = Object.keys(bundled.metafile.inputs)
    expect(inputs).toContain('src/functions/main.ts')
    const own = inputs.filter(path => !path.includes('node_modules/'))
    expect(own.filter(path => !/^src\/|^package\.json$/.test(path))).toEqual([])
    expect(own.filter(path => /^src\/(emulators|host|local|cli)\//.test(path))).toEqual([])
    const packages = inputs.flatMap(path => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [])
    expect(packages).toContain('@azure/functions')
    expect(packages.filter(name => name in devDependencies)).toEqual([])
    expect(
      files.filter(({ path }) => textOf(path).includes('oidc-provider')).map(({ path }) => path),
    ).toEqual([])
  })

  it('loads what is heavy only when it is needed: not to register the functions', () => {
    const { pieces, metafile } = bundled
    const first = loadedAtOnce(metafile, 'dist/app.js')
    expect(first).toContain('dist/app.js')
    for (const words of [
      'AzurePowerShellCredential',
      'BlobServiceClient',
      'Microsoft.MachineLearningServices',
    ]) {
      const holding = pieces.filter(({ text }) => text.includes(words)).map(({ name }) => `dist/${name}`)
      expect(holding, words).not.toEqual([])
      expect(first.filter(path => holding.includes(path))).toEqual([])
    }
  })

  it('has of zod what is used: `import * as z`, for a name that holds all of it brings all of it', () => {
    const languages = Object.keys(bundled.metafile.inputs).filter(path =>
      /zod\/.*locales\/\w+\.js$/.test(path),
    )
    const used = Object.values(bundled.metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs))
    const there = used.filter(([path, { bytesInOutput }]) => languages.includes(path) && bytesInOutput > 0)
    expect(languages.length).toBeGreaterThan(1)
    expect([...new Set(there.map(([path]) => path.split('/').at(-1)))]).toEqual(['en.js'])
  })

  it('leaves rules out that come from a git repository', async () => {
    expect(await collectRuleFiles('git+https://example.com/org/repo#main:rules')).toEqual([])
  })

  it('is not made with rules that would keep the app from starting', async () => {
    await mkdir(join(ROOT, 'dist'), { recursive: true })
    const folder = await mkdtemp(join(ROOT, 'dist/rules-'))
    try {
      await writeFile(join(folder, 'bad.yaml'), 'rules: 7\n')
      await expect(collectAppFiles(relative(ROOT, folder))).rejects.toThrow('bad.yaml:1:')
    } finally {
      await rm(folder, { recursive: true })
    }
    await expect(collectRuleFiles('../elsewhere')).rejects.toThrow('outside of the project')
    await expect(collectRuleFiles('/etc')).rejects.toThrow('outside of the project')
  })

  function textOf(path: string): string {
    return new TextDecoder().decode(files.find(file => file.path === path)?.bytes)
  }
})

describe('npm run package', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakemark-package-'))
    // Another time zone, and other settings that must not matter.
    const env = { ...process.env, TZ: 'Asia/Tokyo', LAKEMARK_RULES: '', LAKEMARK_PORT: 'wrong' }
    await run(process.execPath, ['infra/package/run.ts', folder], { cwd: ROOT, env })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('makes the same zip of the same input, byte for byte, wherever it runs', async () => {
    const zip = await readFile(join(folder, 'lakemark.zip'))
    expect(zip.equals(toZip(await collectAppFiles('rules')))).toBe(true)
  })

  it('has the files at the root of the zip, and the same ones in a folder', async () => {
    const zipped = unzipSync(await readFile(join(folder, 'lakemark.zip')))
    const app = join(folder, 'app')
    const entries = await readdir(app, { recursive: true, withFileTypes: true })
    const names = entries
      .filter(entry => entry.isFile())
      .map(entry => relative(app, join(entry.parentPath, entry.name)))
    expect(Object.keys(zipped).sort()).toEqual(names.sort())
    expect(names).toContain('host.json')
    for (const name of names)
      expect(Buffer.from(zipped[name] ?? []).equals(await readFile(join(app, name)))).toBe(true)
  })
})

function requiredBy(text: string): string[] {
  return [...text.matchAll(/\brequire\("([^"]+)"\)|\brequire\('([^']+)'\)/g)].map(([, a, b]) => a ?? b ?? '')
}

/** A piece, and all that is loaded with it. */
function loadedAtOnce({ outputs }: Metafile, path: string, seen = new Set<string>()): string[] {
  seen.add(path)
  for (const { path: next, kind } of outputs[path]?.imports ?? []) {
    if (kind === 'import-statement' && next in outputs && !seen.has(next))
      loadedAtOnce({ outputs, inputs: {} }, next, seen)
  }
  return [...seen]
}
