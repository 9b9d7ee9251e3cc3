import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { afterEach, describe, expect, it } from 'vitest'
import { joinPieces } from '../../infra/package/join-pieces.ts'

const PIECES = [
  {
    name: 'first.js',
    text: 'const {log}=require("./shared.js");log("first");exports.late=()=>require("./second.js")',
  },
  {
    name: 'second.js',
    text: 'const {log}=require("./shared.js");log("second");exports.apart=require("./apart.js")',
  },
  { name: 'shared.js', text: 'const lines=[];exports.lines=lines;exports.log=line=>lines.push(line)' },
  { name: 'apart.js', text: 'exports.lines=require("./shared.js").lines' },
]
const OUTPUTS = outputsOf({
  'first.js': ['shared.js'],
  'second.js': ['shared.js'],
  'apart.js': ['shared.js'],
  'shared.js': [],
})

describe('pieces that are joined', () => {
  let folder: string | undefined
  afterEach(() => folder && rm(folder, { recursive: true, force: true }))

  /** The first file, as Node loads it. */
  async function open(pieces: { name: string; text: string }[]) {
    folder = await mkdtemp(join(tmpdir(), 'lakemark-pieces-'))
    for (const { name, text } of pieces) await writeFile(join(folder, name), text)
    return createRequire(join(folder, 'index.cjs'))('./first.js')
  }

  it('are in the file of the first one that needs them, and the others are files as before', () => {
    const joined = joinPieces(PIECES, OUTPUTS, ['first.js', 'second.js'])
    expect(joined.map(({ name }) => name)).toEqual(['first.js', 'second.js', 'apart.js'])
    expect(joined.filter(({ text }) => text.includes('lines.push')).map(({ name }) => name)).toEqual([
      'first.js',
    ])
  })

  it('run once, in the order in which they are needed, whoever asks for them', async () => {
    const file = await open(joinPieces(PIECES, OUTPUTS, ['first.js', 'second.js']))
    const first = file.load('first.js')
    const { apart } = first.late()
    first.late()
    expect(apart.lines).toEqual(['first', 'second'])
  })

  it('run anew where they could not', async () => {
    const text =
      'if(globalThis.joinedTries===undefined){globalThis.joinedTries=1;throw new Error("no")}exports.ran=true'
    const file = await open(
      joinPieces([{ name: 'first.js', text }], outputsOf({ 'first.js': [] }), ['first.js']),
    )
    expect(() => file.load('first.js')).toThrow('no')
    expect(file.load('first.js')).toEqual({ ran: true })
  })
})

function outputsOf(imports: Record<string, string[]>): Pick<Metafile, 'outputs'> {
  const outputs = Object.entries(imports).map(([name, needed]) => [
    `dist/${name}`,
    { imports: needed.map(path => ({ path: `dist/${path}`, kind: 'import-statement' })) },
  ])
  return { outputs: Object.fromEntries(outputs) }
}
