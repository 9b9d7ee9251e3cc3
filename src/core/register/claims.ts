/** Which rules make assets of a name. */
import { isAssetName, toAssetName } from '../naming.ts'
import type { Rule } from '../rules/rule-set.ts'

/**
 * The rules whose assets may be called so: those that say the name itself, and those whose template it fits, where
 * the template has a letter or a digit of its own. `{stem}` alone fits every name, and lays claim to none.
 */
export function claimantsOf(asset: string, rules: readonly Rule[]): Rule[] {
  return rules.filter(rule => claims(rule, asset))
}

function claims({ asset: template, container }: Rule, asset: string): boolean {
  if (template.names.length === 0) return toAssetName(template.render({})) === asset
  // Consecutive texts and, between them, whatever captures take.
  const texts = ['']
  for (const part of template.parts) {
    const text = 'text' in part ? part.text : part.name === 'container' ? container : undefined
    if (text === undefined) texts.push('')
    else texts[texts.length - 1] += text.replace(/[^a-zA-Z0-9_-]/gu, '-')
  }
  return texts.some(text => /[a-zA-Z0-9]/.test(text)) && fits(asset, texts)
}

/** Whether the texts stand in the name one after the other, the first at its start and the last at its end. */
function fits(name: string, texts: readonly string[]): boolean {
  const [first = '', ...rest] = texts
  const last = rest.pop() ?? ''
  // Signs at the start of a name are cut off.
  const start = first.replace(/^[_-]+/, '')
  if (!name.startsWith(start) || name.length < start.length + last.length || !name.endsWith(last))
    return false
  const end = name.length - last.length
  let from = start.length
  for (const text of rest) {
    const found = name.indexOf(text, from)
    if (found < 0 || found + text.length > end) return false
    from = found + text.length
  }
  return isAssetName(name)
}
