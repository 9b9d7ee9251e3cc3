/** Whether a caller may do something. Pure: whoever asks has the rules in force and the caller's verified claims. */
import type { Rule } from '../rules/rule-set.ts'
import { type Caller, hasRole, type Role } from './caller.ts'

export type Decision =
  | { allowed: true }
  /** `problem` is stable, for programs; `reason` is for people and names what would be needed. */
  | { allowed: false; problem: 'missing-role' | 'not-operator' | 'groups-unknown'; reason: string }

export type OperatedRule = Pick<Rule, 'name' | 'operators'>

/** What an operation touches. */
export interface Operated {
  /** All must allow it. None: the role decides. */
  rules: readonly OperatedRule[]
  /** It may touch data of other rules as well: whoever may operate some rules only must not. */
  beyond: boolean
}

const ALLOWED: Decision = { allowed: true }

export function mayCall(caller: Caller, role: Role): Decision {
  if (hasRole(caller, role)) return ALLOWED
  return { allowed: false, problem: 'missing-role', reason: `this needs the app role ${role}` }
}

/**
 * Whether the caller may re-sync, retry or register what the rule makes. A rule that names operators is theirs:
 * they need no role, and the role Lakemark.Operate is not enough for others. Lakemark.Admin may always.
 */
export function mayOperate(caller: Caller, rule: OperatedRule): Decision {
  if (hasRole(caller, 'Lakemark.Admin')) return ALLOWED
  if (rule.operators.length === 0) {
    const decision = mayCall(caller, 'Lakemark.Operate')
    return decision.allowed ? decision : { ...decision, reason: `rule ${rule.name}: ${decision.reason}` }
  }
  if (idsOf(caller).some(id => rule.operators.includes(id))) return ALLOWED
  if (caller.groups === 'overage') {
    return {
      allowed: false,
      problem: 'groups-unknown',
      reason: `rule ${rule.name} names its operators, and whether you are one through a group cannot be told: your token does not list your groups because they are too many. Let the rule name your own object id, or let the API's registration emit only the groups that are assigned to the application`,
    }
  }
  return {
    allowed: false,
    problem: 'not-operator',
    reason: `rule ${rule.name} names its operators, and you are none of them; ask for your object id or a group of yours to be added, or for the app role Lakemark.Admin`,
  }
}

/** Whether the caller may operate all of it. The first rule that does not allow it gives the reason. */
export function mayOperateAll(caller: Caller, { rules, beyond }: Operated): Decision {
  for (const rule of rules) {
    const decision = mayOperate(caller, rule)
    if (!decision.allowed) return decision
  }
  return rules.length === 0 || beyond ? mayCall(caller, 'Lakemark.Operate') : ALLOWED
}

/**
 * Whether there may be anything that the caller may operate; what it is need not be known yet. Whose groups are not
 * known may be an operator.
 */
export function mayOperateSome(caller: Caller, role: Role, inForce: readonly OperatedRule[]): Decision {
  const decision = mayCall(caller, role)
  const guarded = inForce.filter(({ operators }) => operators.length > 0)
  if (decision.allowed || guarded.length === 0) return decision
  const ids = idsOf(caller)
  const isNamed =
    caller.groups === 'overage' || guarded.some(rule => ids.some(id => rule.operators.includes(id)))
  return isNamed
    ? ALLOWED
    : { ...decision, reason: `${decision.reason}, or a rule that names you among its operators` }
}

/**
 * Rules by their names, for an operation on what they have made before. One that is no longer in force limits
 * nobody: the role decides.
 */
export function operatedRules(names: Iterable<string>, inForce: readonly OperatedRule[]): OperatedRule[] {
  return [...new Set(names)].map(name => inForce.find(rule => rule.name === name) ?? { name, operators: [] })
}

/** An app's id stands for the app itself, not for whoever signs in through it. */
function idsOf({ kind, id, app, groups }: Caller): string[] {
  return [id, kind === 'app' ? app : undefined, ...(groups === 'overage' ? [] : groups)].filter(
    it => it !== undefined,
  )
}
