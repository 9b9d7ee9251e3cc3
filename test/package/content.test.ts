import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { builtinModules, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AppFile, collectAppFiles, collectRuleFiles } from '../../infra/package/app-files.ts'
import { type Bundle, bundle } from '../../infra/package/bundle.ts'
import { neededAtOnce } from '../../infra/package/join-pieces.ts'
import { LATE_PIECES } from '../../infra/package/late-packages.ts'
import { toZip } from '../../infra/package/zip.ts'
import { ROOT } from '../tidy/sources.ts'

const run = promisify(execFile)
/** Asked for by a package that does without them where they are not there. */
const OPTIONAL = ['kerberos']
/** What is in each of what takes long to load. */
const HEAVY = [
  'AzurePowerShellCredential',
  'BlobServiceClient',
  'QueueServiceClient',
  'Microsoft.MachineLearningServices',
  'Proxy-Authorization',
  'XMLParser',
  'JsonWebTokenError',
  'ZodString',
]

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

  it('finds each module in the file that it is asked of', () => {
    const asked = paths
      .filter(path => path.endsWith('.js'))
      .flatMap(path =>
        [...textOf(path).matchAll(/(?:require\("\.\/([^"]+)"\)\.)?\b(?:__)?load\("([^"]+)"\)/g)].map(
          ([, file, module]) => ({
            file: file === undefined ? path : `dist/${file}`,
            module,
          }),
        ),
      )
    expect(asked.length).toBeGreaterThan(20)
    expect(asked.filter(({ file, module }) => !textOf(file).includes(`"${module}":(function(`))).toEqual([])
  })

  it('is made of the product and its dependencies: no tests, no doubles, nothing for development', async () => {
    const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const inputs = Object.keys(bundled.metafile.inputs)
    expect(inputs).toContain('src/functions/main.ts')
    const own = inputs.filter(path => !path.includes('node_modules/') && !path.startsWith('late:'))
    const ofThePackage = Object.keys(LATE_PIECES).map(piece => `infra/package/${piece}.ts`)
    expect(own.filter(path => !/^src\//.test(path)).sort()).toEqual([...ofThePackage, 'package.json'].sort())
    expect(own.filter(path => /^src\/(emulators|host|local|cli)\//.test(path))).toEqual([])
    const packages = inputs.flatMap(path => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [])
    expect(packages).toContain('@azure/functions')
    expect(packages.filter(name => name in devDependencies)).toEqual([])
    expect(
      files.filter(({ path }) => textOf(path).includes('oidc-provider')).map(({ path }) => path),
    ).toEqual([])
  })

  it('loads what is heavy only when it is needed: not to register the functions, nor to ask the tables', () => {
    const [registering, asking] = [textOf('dist/app.js'), textOf(fileOf('open-tables'))]
    expect(registering).toContain('onBlobEvent')
    expect(registering).not.toContain('TableServiceClient')
    expect(asking).toContain('TableServiceClient')
    for (const words of HEAVY) {
      const holding = paths.filter(path => path.endsWith('.js') && textOf(path).includes(words))
      expect(holding, words).not.toEqual([])
      expect(registering + asking).not.toContain(words)
    }
  })

  it('has in one file each what is loaded at once to register, to ask the tables, and to take events in', () => {
    const { outputs } = bundled.metafile
    const together = ['app', 'open-tables', 'assemble-lakemark'].map(fileOf)
    const needed = together.map(path => [...neededAtOnce(outputs, path.slice('dist/'.length))])
    expect(Math.min(...needed.map(names => names.length))).toBeGreaterThan(3)
    // What is no file any more is in one of the three.
    const apart = needed.flat().filter(name => paths.includes(`dist/${name}`))
    expect([...new Set(apart)].map(name => `dist/${name}`).sort()).toEqual(together.sort())
  })

  it('gives a token to a managed identity without what makes tokens by certificates', () => {
    const holding = (words: string) =>
      paths.filter(path => path.endsWith('.js') && textOf(path).includes(words))
    expect(holding('ManagedIdentityCredential:')).not.toEqual([])
    expect(holding('secretOrPrivateKey')).toEqual(['dist/assertions.js'])
  })

  it('asks nothing of Node that makes it load what nobody uses', () => {
    const code = paths.filter(path => path.endsWith('.js')).map(textOf)
    expect(code.join('\n')).toContain('__view(require("node:util"))')
    const copied = code.flatMap(text =>
      [...text.matchAll(/__toESM\(require\("([^"]+)"\)/g)].map(([, name]) => name),
    )
    expect(copied.filter(name => isBuiltin(String(name)))).toEqual([])
    expect(code.filter(text => /(typeof|instanceof) FormData\b/.test(text))).toEqual([])
    // Such a view is not the module itself: it may be asked for what the module has, and for nothing else.
    const handedOn = code.flatMap(text =>
      [...text.matchAll(/(\w+)=__view\(require\("([^"]+)"\)/g)].flatMap(([, view, module]) =>
        [...text.matchAll(new RegExp(`(?<=[(,=:?&|[])${view}(?=[),;}\\]])`, 'g'))].map(
          () => `${view} of ${module}`,
        ),
      ),
    )
    expect(handedOn).toEqual([])
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

  /** The file that begins with a piece. */
  function fileOf(piece: string): string {
    const isNamed = new RegExp(`^dist/${piece}(-[A-Z0-9]{8})?\\.js$`)
    const path = paths.find(name => isNamed.test(name))
    if (path === undefined) throw new Error(`there is no file ${piece}`)
    return path
  }

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
