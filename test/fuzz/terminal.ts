import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { main } from '../../src/cli/main.ts'
import { type HostWorld, openHostWorld } from './host-world.ts'
import { blobName, hostileText } from './hostile.ts'
import { defineSuite, property } from './suite.ts'

interface TerminalWorld extends HostWorld {
  home: string
}

/** What a terminal obeys, what turns the line around, and what some take for a new line. */
const OBEYED = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u

let writes = 0

export const terminal = defineSuite<TerminalWorld>({
  title: 'what the command line prints',
  async open() {
    const opened = await openHostWorld()
    return { ...opened, home: await mkdtemp(join(tmpdir(), 'fuzz-terminal-')) }
  },
  async close({ close, home }) {
    await close()
    await rm(home, { recursive: true })
  },
  properties: [
    property(
      'of blobs of whatever name obeys no terminal',
      fc.tuple(
        fc.constantFrom('silver', 'gold'),
        blobName.filter(it => it.length < 500 && it.isWellFormed()),
      ),
      async (opened, [container, path]) => {
        const { world } = opened
        writes += 1
        await world.deliver({
          topic: '/providers/Microsoft.Storage/storageAccounts/contosolake',
          subject: `/blobServices/default/containers/${container}/blobs/${path}`,
          eventType: 'Microsoft.Storage.BlobCreated',
          data: { api: 'PutBlob', eTag: `0x${writes}`, contentLength: 1, sequencer: writes.toString(16) },
        })
        await world.drain()
        await isHarmless(opened, ['status'])
        for (const command of ['explain', 'files']) {
          await isHarmless(opened, [command, `contosolake/${container}/${path}`])
        }
        await isHarmless(opened, ['failures'])
      },
      { runs: 40 },
    ),
    property(
      'of what was typed obeys no terminal',
      hostileText(100),
      async (opened, text) => {
        const argument = text.replaceAll('\0', '').replace(/^-+/, '')
        for (const command of ['status', 'retry', 'explain', 'files', 'runs', 'failures --q'])
          await isHarmless(opened, [...command.split(' '), argument])
        // A folder that is there would be read.
        for (const command of ['check', 'test', 'frobnicate']) {
          await isHarmless(opened, [command, `nowhere-${argument}`])
        }
        await isHarmless(opened, ['put', `nowhere-${argument}`, `silver/${argument}`])
      },
      { runs: 40 },
    ),
    property(
      'of rule files obeys no terminal',
      hostileText(60),
      async (opened, text) => {
        const quoted = JSON.stringify(text.toWellFormed())
        const rule = `rules:\n  - { name: ${quoted}, from: ${quoted}, match: ${quoted}, asset: ${quoted}, to: ${quoted} }\n`
        await writeFile(join(opened.home, 'r.yaml'), rule)
        for (const format of ['text', 'github', 'json']) {
          await isHarmless(opened, ['check', opened.home, '--format', format])
        }
        await isHarmless(opened, ['test', '--rules', opened.home])
      },
      { runs: 40 },
    ),
  ],
})

async function isHarmless({ host, home }: TerminalWorld, args: string[]): Promise<void> {
  const printed = await captured(() => main(['node', 'lakemark', ...args]), {
    LAKEMARK_PORT: String(host.port),
    LAKEMARK_HOME: home,
    NO_COLOR: '1',
  })
  assert.notEqual(printed, '', `${args[0]} says nothing`)
  assert.doesNotMatch(printed, /\n {4}at /, 'it prints a stack')
  for (const line of printed.split('\n')) {
    assert.doesNotMatch(line, OBEYED, `${args[0]} prints ${JSON.stringify(line.slice(0, 300))}`)
  }
}

/** Everything that is printed meanwhile. */
async function captured(run: () => Promise<void>, env: Record<string, string>): Promise<string> {
  const before = { ...process.env }
  const { log, error } = console
  const { exitCode } = process
  const write = process.stderr.write
  const lines: string[] = []
  const keep = (...parts: unknown[]) => void lines.push(parts.join(' '))
  Object.assign(process.env, env)
  Object.assign(console, { log: keep, error: keep })
  process.stderr.write = (text: string | Uint8Array) => {
    lines.push(String(text))
    return true
  }
  try {
    await run()
  } finally {
    Object.assign(console, { log, error })
    process.stderr.write = write
    process.env = before
    process.exitCode = exitCode
  }
  return lines.join('\n')
}
