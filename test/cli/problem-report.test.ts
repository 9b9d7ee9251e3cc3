import { describe, expect, it } from 'vitest'
import { formatFindings, summaryOf, toJson, toWorkflowCommands } from '../../src/cli/problem-report.ts'
import type { Problem } from '../../src/core/rules/problem.ts'

const plain = (_: string, text: string) => text
const problem = (message: string, fields: Partial<Problem> = {}): Problem => ({
  file: 'r.yaml',
  line: 1,
  column: 1,
  message,
  ...fields,
})

describe('a report', () => {
  it.each([
    [0, 0, 1, 'no problems in 1 file'],
    [0, 1, 2, '1 warning in 2 files'],
    [1, 0, 0, '1 problem in no files'],
    [2, 1, 3, '2 problems, 1 warning in 3 files'],
  ])('of %i problems and %i warnings in %i files says so', (problems, warnings, files, summary) => {
    const findings = {
      problems: Array<Problem>(problems).fill(problem('p')),
      warnings: Array<Problem>(warnings).fill(problem('w')),
    }
    expect(summaryOf(findings, files)).toBe(summary)
  })

  it('tells problems, then warnings, each with its lines where the file is known', () => {
    const findings = {
      problems: [problem('bad  thing', { column: 3 })],
      warnings: [problem('odd', { file: 'x.yaml' })],
    }
    expect(formatFindings(findings, new Map([['r.yaml', 'abc']]), plain)).toBe(
      'r.yaml:1:3  bad  thing\n> 1 | abc\n    |   ^\n\nx.yaml:1:1  warning: odd\n',
    )
  })

  it('shows no control characters', () => {
    const findings = { problems: [problem('\u001b[2J', { file: 'a\u0007.yaml' })], warnings: [] }
    expect(formatFindings(findings, new Map(), plain)).toBe('a\ufffd.yaml:1:1  \ufffd[2J\n')
  })
})

describe("GitHub's workflow commands", () => {
  it.each([
    ['plain', 'r.yaml', 'plain', 'file=r.yaml,line=2,col=3,title=Problem in the rules::plain'],
    [
      'signs in the message',
      'r.yaml',
      '100%, a: b::c',
      'file=r.yaml,line=2,col=3,title=Problem in the rules::100%25, a: b::c',
    ],
    ['lines', 'r.yaml', 'a\r\nb', 'file=r.yaml,line=2,col=3,title=Problem in the rules::a%0D%0Ab'],
    [
      'signs in the place',
      'a,b:c%\n.yaml',
      'x',
      'file=a%2Cb%3Ac%25%0A.yaml,line=2,col=3,title=Problem in the rules::x',
    ],
  ])('escape %s', (_, file, message, told) => {
    const findings = { problems: [problem(message, { file, line: 2, column: 3 })], warnings: [] }
    expect(toWorkflowCommands(findings)).toEqual([`::error ${told}`])
  })

  it('are warnings where the rules are only doubtful', () => {
    expect(toWorkflowCommands({ problems: [], warnings: [problem('odd')] })).toEqual([
      '::warning file=r.yaml,line=1,col=1,title=Warning about the rules::odd',
    ])
  })
})

describe('a problem as JSON', () => {
  it('has what is known', () => {
    const known = problem('x', { endColumn: 4, suggestion: 'y' })
    expect(JSON.parse(JSON.stringify(toJson(known, 'problem')))).toEqual({
      severity: 'problem',
      file: 'r.yaml',
      line: 1,
      column: 1,
      endColumn: 4,
      message: 'x',
      suggestion: 'y',
    })
    expect(Object.keys(JSON.parse(JSON.stringify(toJson(problem('x'), 'warning'))))).toEqual([
      'severity',
      'file',
      'line',
      'column',
      'message',
    ])
  })
})
