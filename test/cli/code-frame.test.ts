import { describe, expect, it } from 'vitest'
import { codeFrame } from '../../src/cli/code-frame.ts'

describe('a code frame', () => {
  it('shows the line, the one before and the one after it, and carets under the place', () => {
    expect(codeFrame('one\ntwo three\nfour\nfive', { line: 2, column: 5, endColumn: 10 })).toBe(
      ['  1 | one', '> 2 | two three', '    |     ^^^^^', '  3 | four'].join('\n'),
    )
  })

  it.each<[string, string, { line: number; column: number; endColumn?: number }, string[]]>([
    ['the first line', 'one\ntwo', { line: 1, column: 1 }, ['> 1 | one', '    | ^', '  2 | two']],
    ['the last line', 'one\ntwo\n', { line: 2, column: 3 }, ['  1 | one', '> 2 | two', '    |   ^']],
    ['one line', 'one', { line: 1, column: 2 }, ['> 1 | one', '    |  ^']],
    ['an empty file', '', { line: 1, column: 1 }, ['> 1 |', '    | ^']],
    ["a line's end", 'one\n', { line: 1, column: 4 }, ['> 1 | one', '    |    ^']],
    ['behind the end', 'one', { line: 1, column: 9 }, ['> 1 | one', '    |    ^']],
    [
      'lines that end otherwise',
      'a\r\nb\r\nc',
      { line: 2, column: 1 },
      ['  1 | a', '> 2 | b', '    | ^', '  3 | c'],
    ],
    ['tabs', '\ta:\tb', { line: 1, column: 5, endColumn: 6 }, ['> 1 |     a:  b', '    |         ^']],
    ['a tab itself', 'a\tb', { line: 1, column: 2, endColumn: 3 }, ['> 1 | a   b', '    |  ^^^']],
    ['wide characters', '日本: x', { line: 1, column: 5 }, ['> 1 | 日本: x', '    |       ^']],
    ['a wide place', 'a: 日本', { line: 1, column: 4, endColumn: 6 }, ['> 1 | a: 日本', '    |    ^^^^']],
    ['pictures of two units', '😀: x', { line: 1, column: 5 }, ['> 1 | 😀: x', '    |     ^']],
    ['combining marks', 'e\u0301: x', { line: 1, column: 5 }, ['> 1 | e\u0301: x', '    |    ^']],
    ['control characters', 'a\u001b[31mb', { line: 1, column: 7 }, ['> 1 | a\ufffd[31mb', '    |       ^']],
    ['what turns text round', 'a\u202eb', { line: 1, column: 3 }, ['> 1 | a\ufffdb', '    |   ^']],
  ])('of %s', (_, text, place, lines) => {
    expect(codeFrame(text, place).split('\n')).toEqual(lines)
  })

  it('aligns the numbers of lines', () => {
    const text = Array.from({ length: 12 }, (_, i) => `line ${i + 1}`).join('\n')
    expect(codeFrame(text, { line: 9, column: 1 })).toBe(
      ['   8 | line 8', '>  9 | line 9', '     | ^', '  10 | line 10'].join('\n'),
    )
  })

  it('cuts long lines round the place, all of them alike', () => {
    const long = `${'a'.repeat(200)}HERE${'b'.repeat(200)}`
    const [before = '', line = '', carets = '', after = ''] = codeFrame(
      `short\n${long}\n${'x'.repeat(500)}`,
      {
        line: 2,
        column: 201,
        endColumn: 205,
      },
    ).split('\n')
    expect(before).toBe('  1 | …')
    expect(line).toBe(`> 2 | …${'a'.repeat(29)}HERE${'b'.repeat(66)}…`)
    expect(carets).toBe(`    | ${' '.repeat(30)}^^^^`)
    expect(after).toBe(`  3 | …${'x'.repeat(99)}…`)
  })

  it('cuts what is marked, too', () => {
    const [line = '', carets = ''] = codeFrame('x'.repeat(500), { line: 1, column: 1, endColumn: 501 }).split(
      '\n',
    )
    expect(line).toBe(`> 1 | ${'x'.repeat(100)}…`)
    expect(carets).toBe(`    | ${'^'.repeat(100)}`)
  })

  it('keeps wide characters whole where it cuts', () => {
    const text = `${'日'.repeat(100)}x`
    for (const column of [60, 61, 80, 101]) {
      const [line = '', carets = ''] = codeFrame(`a${text}`, { line: 1, column }).split('\n')
      const shown = line.slice('> 1 | '.length, line.length)
      const before = [...shown].slice(0, [...shown].indexOf('x')).join('')
      if (column === 101) expect(before).not.toBe('')
      expect(carets).toMatch(/^ {4}\| +\^+$/)
    }
  })

  it('is painted where that is asked for', () => {
    const painted = codeFrame('a', { line: 1, column: 1 }, (style, text) => `<${style}>${text}</>`, 'yellow')
    expect(painted).toBe('<yellow>></> <dim>1 |</> a\n  <dim>  |</> <yellow>^</>')
  })
})
