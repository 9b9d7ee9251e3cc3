import { describe, expect, it } from 'vitest'
import { type Caller, LOCAL_CALLER, ROLES, WEBHOOK_CALLER } from '../../src/core/access/caller.ts'
import {
  mayCall,
  mayOperate,
  mayOperateAll,
  mayOperateSome,
  operatedRules,
} from '../../src/core/access/decision.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../src/core/rules/problem.ts'
import { ruleFile, WORKSPACES } from '../support/rule-files.ts'

const [USER, APP, GROUP, OTHER] = ['a', 'b', 'c', 'd'].map(
  letter => `${letter.repeat(8)}-0000-4000-8000-000000000000`,
) as [string, string, string, string]

const caller = (changed: Partial<Caller> = {}): Caller => ({
  kind: 'user',
  id: USER,
  app: APP,
  name: undefined,
  roles: [],
  groups: [GROUP],
  ...changed,
})
const open = { name: 'open', operators: [] }
const ruleOf = (...operators: string[]) => ({ name: 'theirs', operators })

describe('a role', () => {
  it('includes those below it, and no other', () => {
    const allowed = ROLES.map(has =>
      ROLES.filter(wanted => mayCall(caller({ roles: [has] }), wanted).allowed),
    )
    expect(allowed).toEqual([ROLES.slice(0, 1), ROLES.slice(0, 2), ROLES])
  })

  it('is named where it is missing', () => {
    expect(mayCall(caller(), 'Lakemark.Operate')).toEqual({
      allowed: false,
      problem: 'missing-role',
      reason: 'this needs the app role Lakemark.Operate',
    })
  })

  it('is had by this machine, and not by a webhook', () => {
    expect(mayCall(LOCAL_CALLER, 'Lakemark.Admin').allowed).toBe(true)
    expect(mayCall(WEBHOOK_CALLER, 'Lakemark.Read').allowed).toBe(false)
  })
})

describe('a rule', () => {
  it('that names nobody is operated by the role', () => {
    expect(mayOperate(caller({ roles: ['Lakemark.Operate'] }), open)).toEqual({ allowed: true })
    expect(mayOperate(caller({ roles: ['Lakemark.Read'] }), open)).toMatchObject({ problem: 'missing-role' })
    expect(mayOperate(WEBHOOK_CALLER, open)).toMatchObject({ problem: 'missing-role' })
  })

  it.each([
    ['a user', caller(), USER],
    ['a group of the user', caller(), GROUP],
    ['an app by the id of its principal', caller({ kind: 'app' }), USER],
    ['an app by its own id', caller({ kind: 'app' }), APP],
    ['a user whose groups are not known', caller({ groups: 'overage' }), USER],
  ])('that names %s is operated by it without any role', (_, who, id) => {
    expect(mayOperate(who, ruleOf(OTHER, id))).toEqual({ allowed: true })
  })

  it('that names others is not operated by whoever has the role, but always by an administrator', () => {
    expect(mayOperate(caller({ roles: ['Lakemark.Operate'] }), ruleOf(OTHER))).toMatchObject({
      allowed: false,
      problem: 'not-operator',
      reason: expect.stringContaining('rule theirs'),
    })
    expect(mayOperate(caller({ roles: ['Lakemark.Admin'] }), ruleOf(OTHER))).toEqual({ allowed: true })
  })

  it('that names an app is not operated by users who come through that app', () => {
    expect(mayOperate(caller({ kind: 'user' }), ruleOf(APP))).toMatchObject({ problem: 'not-operator' })
  })

  it('cannot be decided by groups that the token does not list, which is said', () => {
    expect(mayOperate(caller({ groups: 'overage' }), ruleOf(GROUP))).toMatchObject({
      allowed: false,
      problem: 'groups-unknown',
    })
  })
})

describe('what touches several rules', () => {
  it('needs leave of all of them', () => {
    const all = { rules: [ruleOf(USER), ruleOf(OTHER)], beyond: false }
    expect(mayOperateAll(caller(), all)).toMatchObject({ problem: 'not-operator' })
    expect(mayOperateAll(caller(), { rules: [ruleOf(USER), ruleOf(GROUP)], beyond: false }).allowed).toBe(
      true,
    )
    expect(mayOperateAll(caller(), { rules: [ruleOf(USER), open], beyond: false })).toMatchObject({
      problem: 'missing-role',
    })
  })

  it('needs the role where it goes beyond them, or where there are none', () => {
    const theirs = { rules: [ruleOf(USER)], beyond: true }
    expect(mayOperateAll(caller(), theirs)).toMatchObject({ problem: 'missing-role' })
    expect(mayOperateAll(caller({ roles: ['Lakemark.Operate'] }), theirs).allowed).toBe(true)
    const none = { rules: [], beyond: false }
    expect(mayOperateAll(caller(), none)).toMatchObject({ problem: 'missing-role' })
    expect(mayOperateAll(caller({ roles: ['Lakemark.Operate'] }), none).allowed).toBe(true)
  })

  it('is limited by the rules in force: one that is gone limits nobody', () => {
    expect(operatedRules(['theirs', 'gone', 'theirs'], [open, ruleOf(OTHER)])).toEqual([
      ruleOf(OTHER),
      { name: 'gone', operators: [] },
    ])
  })
})

describe('operators in a rule file', () => {
  const parse = (operators: string) => {
    const files = [
      { path: 'w.yaml', text: WORKSPACES },
      { path: 'r.yaml', text: ruleFile({ operators }) },
    ]
    const parsed = parseRules(files)
    return parsed.ok ? parsed.rules.rules[0]?.operators : parsed.problems.map(formatProblem)
  }

  it('are ids, one or several, each once and in lower case', () => {
    expect(parse(USER.toUpperCase())).toEqual([USER])
    expect(parse(`[${USER}, ${GROUP}, ${USER.toUpperCase()}]`)).toEqual([USER, GROUP])
  })

  it('may be left out', () => {
    const parsed = parseRules([
      { path: 'w.yaml', text: WORKSPACES },
      { path: 'r.yaml', text: ruleFile() },
    ])
    expect(parsed.ok && parsed.rules.rules[0]?.operators).toEqual([])
  })

  it.each([
    ['zoe@contoso.com', /zoe@contoso\.com is not an id in Entra ID; write the object id/],
    ['[]', /operators.* is empty/],
    ['{ a: b }', /operators/],
  ])('may not be %s', (operators, problem) => {
    expect(parse(operators)).toEqual([expect.stringMatching(problem)])
  })
})

describe('before it is known what is to be operated', () => {
  const may = (who: Caller, ...rules: { name: string; operators: string[] }[]) =>
    mayOperateSome(who, 'Lakemark.Operate', rules)

  it.each<[string, Caller]>([
    ['has the role', caller({ roles: ['Lakemark.Operate'] })],
    ['is named by a rule', caller({ id: OTHER })],
    ['is in a group that a rule names', caller({ groups: [OTHER] })],
    ['has groups that are not known', caller({ groups: 'overage' })],
  ])('whoever %s may go on', (_, who) => {
    expect(may(who, open, ruleOf(OTHER))).toEqual({ allowed: true })
  })

  it('nobody else may, and is told what would be needed', () => {
    const role = 'this needs the app role Lakemark.Operate'
    expect(may(caller({ roles: ['Lakemark.Read'] }), open, ruleOf(OTHER))).toEqual({
      allowed: false,
      problem: 'missing-role',
      reason: `${role}, or a rule that names you among its operators`,
    })
    expect(may(caller({ groups: 'overage' }), open)).toMatchObject({ allowed: false, reason: role })
  })
})
