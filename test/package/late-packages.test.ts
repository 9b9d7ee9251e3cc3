import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LATE_PIECES, late } from '../../infra/package/late-packages.ts'
import { ROOT } from '../tidy/sources.ts'

/** As the SDKs import them. */
const MAIN = `
import jwt from 'jsonwebtoken'
import { parseXML, stringifyXML, XML_CHARKEY } from '@azure/core-xml'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
export { HttpProxyAgent, HttpsProxyAgent, jwt, parseXML, stringifyXML, XML_CHARKEY }
`

describe('packages that are loaded late', () => {
  let folder: string
  let asked: Record<string, (...given: never[]) => unknown> & {
    jwt: { sign: (...given: unknown[]) => string; verify: (...given: unknown[]) => unknown }
  }
  const loaded = () =>
    Object.keys(require.cache)
      .filter(path => path.startsWith(folder))
      .map(path => basename(path))
  const require = createRequire(import.meta.url)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakemark-late-'))
    await writeFile(join(folder, 'main.mjs'), MAIN)
    await build({
      entryPoints: { main: join(folder, 'main.mjs'), ...LATE_PIECES },
      nodePaths: [join(ROOT, 'node_modules')],
      outdir: folder,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      plugins: [late],
      logLevel: 'error',
    })
    asked = require(join(folder, 'main.js'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('are not there before one of their functions is called, and do then what they do', async () => {
    expect(loaded()).toEqual(['main.js'])
    expect(asked.XML_CHARKEY).toBe('_')
    expect(loaded()).toEqual(['main.js'])
    expect(await asked.parseXML?.('<a><b>1</b></a>' as never)).toEqual({ b: '1' })
    expect(loaded()).toEqual(['main.js', 'xml.js'])
    expect(asked.stringifyXML?.({ b: '1' } as never, { rootName: 'a' } as never)).toContain('<a><b>1</b></a>')
  })

  it('are made with new where their classes are', () => {
    const { HttpProxyAgent, HttpsProxyAgent } = asked as unknown as Record<
      string,
      new (
        address: string,
      ) => { proxy: URL }
    >
    for (const Agent of [HttpProxyAgent, HttpsProxyAgent]) {
      expect(Agent && new Agent('http://10.0.0.1:3128').proxy.href).toBe('http://10.0.0.1:3128/')
    }
    expect(loaded()).toContain('proxies.js')
  })

  it('are found in what a package of CommonJS exports as its default', () => {
    const { jwt } = asked
    const token = jwt.sign({ sub: 'somebody' }, 'a secret of this test')
    expect(jwt.verify(token, 'a secret of this test')).toMatchObject({ sub: 'somebody' })
    expect(() => jwt.verify(token, 'another')).toThrow('invalid signature')
  })
})
