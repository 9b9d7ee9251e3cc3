import { describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/terminal/progress.ts'
import { formatTable } from '../../src/cli/terminal/table.ts'
import { cutToWidth, textWidth, wrapToWidth } from '../../src/cli/terminal/text-width.ts'
import { SECOND } from '../../src/core/time.ts'

describe('a table', () => {
  it('has columns as wide as their longest cell, two spaces apart, and no spaces at the end of lines', () => {
    const table = formatTable(
      ['ASSET', '', 'STATES'],
      [
        ['sales', 'new', 'a: registered'],
        ['s', '', ''],
      ],
    )
    expect(table.split('\n')).toEqual(['ASSET       STATES', 'sales  new  a: registered', 's'])
  })

  it('goes on below its last column where the terminal is too narrow, and leaves nothing out', () => {
    const states = 'ml-forecast: registered, ml-retail: failed (no such datastore)'
    const table = formatTable(['ASSET', 'STATES'], [['sales-eu', states]], { width: 40 })
    expect(table.split('\n')).toEqual([
      'ASSET     STATES',
      'sales-eu  ml-forecast: registered,',
      '          ml-retail: failed (no such',
      '          datastore)',
    ])
  })

  it('stays as wide as it is where no terminal shows it', () => {
    expect(formatTable(['A'], [['x'.repeat(500)]])).toBe(`A\n${'x'.repeat(500)}`)
  })

  it('counts the cells of wide characters and none for colours', () => {
    const painted = formatTable(
      ['NAME', 'STATE'],
      [
        ['数据', { text: 'failed', style: 'red' }],
        ['ab', 'x'],
      ],
      {
        paint: (style, text) => `<${style}>${text}</${style}>`,
      },
    )
    expect(painted.split('\n')).toEqual([
      '<bold>NAME</bold>  <bold>STATE</bold>',
      '数据  <red>failed</red>',
      'ab    x',
    ])
  })

  it('shows what a terminal would obey as a replacement', () => {
    expect(formatTable(['A'], [['x\u001b[2J\u202ey\n\u061c']])).toBe('A\nx\ufffd[2J\ufffdy\ufffd\ufffd')
  })
})

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['数据', 4],
    ['e\u0301', 1],
    ['✓ a', 3],
  ])('of %s is %i cells', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  it('is kept when a text is cut or wrapped', () => {
    expect(cutToWidth('数据数据', 5)).toBe('数据…')
    expect(cutToWidth('abc', 3)).toBe('abc')
    expect(wrapToWidth('数据数据 ab', 5)).toEqual(['数据', '数据', 'ab'])
    expect(wrapToWidth('one two three', 7)).toEqual(['one two', 'three'])
  })
})

describe('progress', () => {
  const streamOf = (isTTY: boolean, columns = 20) => {
    const written: string[] = []
    return { written, stream: { isTTY, columns, write: (text: string) => written.push(text) > 0 } as never }
  }

  it('is one line on a terminal, cut to its width, and gone at the end', () => {
    const { written, stream } = streamOf(true)
    const progress = createProgress(stream)
    progress.show(`listed\u001b ${'x'.repeat(100)}`)
    progress.clear()
    progress.clear()
    expect(written).toEqual([`\r\u001b[2Klisted\ufffd ${'x'.repeat(10)}…`, '\r\u001b[2K'])
  })

  it('has a bar where it is known how much is done', () => {
    const { written, stream } = streamOf(true, 80)
    createProgress(stream).show('listing', 0.5)
    createProgress(stream).show('listing', 7)
    expect(written).toEqual([
      `\r\u001b[2K${'█'.repeat(10)}${'░'.repeat(10)}  50 %  listing`,
      `\r\u001b[2K${'█'.repeat(20)} 100 %  listing`,
    ])
  })

  it('is a line every ten seconds elsewhere, and none for what is over sooner', () => {
    let now = 0
    const { written, stream } = streamOf(false)
    const progress = createProgress(stream, () => now)
    for (const at of [0, 5, 9.9, 10, 15, 21]) {
      now = at * SECOND
      progress.show(`at ${at}`, at === 21 ? 0.25 : undefined)
    }
    progress.clear()
    expect(written).toEqual(['at 10\n', ' 25 %  at 21\n'])
  })
})
