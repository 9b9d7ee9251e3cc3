/**
 * Extglobs, as a state machine that walks all ways through them at once, one character after another. Nothing is
 * ever tried twice: the work is at most states × characters, and for each `!(…)` that much again for every place
 * at which it can begin. {@link stepsOf} says in advance how much that is.
 */
import { type CharacterClass, isInClass } from './character-class.ts'
import { type Extglob, type Item, isFixed, maxLengthOf } from './segment-items.ts'

/** The first state is the end. */
export type Automaton = readonly State[]

interface State {
  kind: 'end' | 'split' | 'character' | 'class' | 'any' | 'star' | 'negation' | 'never'
  id: number
  /** Of a character: its code point. */
  code: number
  /** Of a class. */
  characters: CharacterClass | undefined
  /** Of a negation: what it must not match. */
  negated: Automaton | undefined
  next: number[]
}

/** Items without captures. The state to begin with is the last one. */
export function compileAutomaton(items: readonly Item[]): Automaton {
  const states: State[] = []
  addState(states, { kind: 'end' })
  const start = addItems(states, items, 0)
  addState(states, { kind: 'split', next: [start] })
  return states
}

/** Whether the automaton takes all of `text`. */
export function accepts(automaton: Automaton, text: string): boolean {
  const characters = codesOf(text)
  const ends = zeros(characters.length + 1)
  countEnds(automaton, characters, 0, ends)
  return ends[characters.length] !== 0
}

/** The code points of a text. */
export function codesOf(text: string): number[] {
  const codes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number
    codes.push(code)
    if (code > 0xffff) i++
  }
  return codes
}

/** One walk through an automaton. */
interface Walk {
  automaton: Automaton
  characters: readonly number[]
  ends: number[]
  /** How many characters have been read, counted from the start of the text. */
  at: number
  /** The states that wait for the next character. */
  active: State[]
  /** By state: the place where it was entered last, plus one. */
  lastSeen: number[]
  /** Of the negations that have begun, by state. */
  negations: (Negation | undefined)[]
  steps: number
}

interface Negation {
  state: State
  /** How often it has begun. */
  begun: number
  /** By place: how many of those that have begun must not end there. */
  forbidden: number[]
}

/**
 * Counts up `ends[to]` for every `to` at which a match that begins at `from` can end. Returns the number of steps
 * that this took.
 */
export function countEnds(
  automaton: Automaton,
  characters: readonly number[],
  from: number,
  ends: number[],
): number {
  const lastSeen = zeros(automaton.length)
  const walk: Walk = { automaton, characters, ends, at: from, active: [], lastSeen, negations: [], steps: 0 }
  enter(walk, automaton.length - 1)
  while (walk.at < characters.length && (walk.active.length > 0 || walk.negations.length > 0)) {
    const code = characters[walk.at++] as number
    const before = walk.active
    walk.active = []
    for (const state of before) {
      if (takes(state, code)) enter(walk, state.kind === 'star' ? state.id : next(state))
    }
    for (const negation of walk.negations) if (negation !== undefined) leave(walk, negation)
  }
  return walk.steps
}

function enter(walk: Walk, id: number): void {
  walk.steps++
  if (walk.lastSeen[id] === walk.at + 1) return
  walk.lastSeen[id] = walk.at + 1
  const state = walk.automaton[id] as State
  if (state.kind === 'end') walk.ends[walk.at] = (walk.ends[walk.at] as number) + 1
  else if (state.kind === 'negation') begin(walk, state)
  else if (state.kind === 'split') for (const it of state.next) enter(walk, it)
  else {
    walk.active.push(state)
    if (state.kind === 'star') enter(walk, next(state))
  }
}

function begin(walk: Walk, state: State): void {
  let negation = walk.negations[state.id]
  if (negation === undefined) {
    negation = { state, begun: 0, forbidden: zeros(walk.characters.length + 1) }
    walk.negations[state.id] = negation
  }
  negation.begun++
  walk.steps += countEnds(state.negated as Automaton, walk.characters, walk.at, negation.forbidden)
  leave(walk, negation)
}

/** It ends wherever at least one of those that have begun may end. */
function leave(walk: Walk, { state, begun, forbidden }: Negation): void {
  if (begun > (forbidden[walk.at] as number)) enter(walk, next(state))
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0)
}

/** The most steps that {@link countEnds} can take over `length` characters. */
export function stepsOf(items: readonly Item[], length: number): number {
  const places = 1 + Math.min(length, maxLengthOf(items))
  let steps = (1 + edgesOf(items)) * places
  for (const { negation, isAtFixedPlace } of negationsIn(items, true)) {
    steps += (isAtFixedPlace ? 1 : places) * stepsOf([{ ...negation, type: '@' }], length)
  }
  return steps
}

function addItems(states: State[], items: readonly Item[], next: number): number {
  return items.reduceRight((following, item) => addItem(states, item, following), next)
}

function addItem(states: State[], item: Item, next: number): number {
  switch (item.kind) {
    case 'literal':
      return codesOf(item.text).reduceRight(
        (following, code) => addState(states, { kind: 'character', code, next: [following] }),
        next,
      )
    case 'class':
      return addState(states, { kind: 'class', characters: item.characters, next: [next] })
    case 'extglob':
      return addExtglob(states, item, next)
    case 'capture':
      throw new Error(`a capture stands in an extglob's segment: {${item.name}}`)
    default:
      return addState(states, { kind: item.kind, next: [next] })
  }
}

function addExtglob(states: State[], { type, choices }: Extglob, next: number): number {
  const addChoices = (following: number) => choices.map(items => addItems(states, items, following))
  switch (type) {
    case '@':
      return addState(states, { kind: 'split', next: addChoices(next) })
    case '?':
      return addState(states, { kind: 'split', next: [next, ...addChoices(next)] })
    case '!': {
      const negated = compileAutomaton([{ kind: 'extglob', type: '@', choices }])
      return addState(states, { kind: 'negation', negated, next: [next] })
    }
    default: {
      const again = addState(states, { kind: 'split' })
      const once = addState(states, { kind: 'split', next: addChoices(again) })
      ;(states[again] as State).next.push(next, once)
      return type === '*' ? again : once
    }
  }
}

function addState(states: State[], state: Partial<State> & Pick<State, 'kind'>): number {
  const id = states.length
  states.push({ code: -1, characters: undefined, negated: undefined, next: [], ...state, id })
  return id
}

function takes({ kind, code, characters }: State, character: number): boolean {
  if (kind === 'character') return code === character
  if (kind === 'class') return isInClass(characters as CharacterClass, character)
  return kind === 'any' || kind === 'star'
}

function next(state: State): number {
  return state.next[0] as number
}

/** How often one place can enter a state: once for each way that leads to one, twice for the way out of a negation. */
function edgesOf(items: readonly Item[]): number {
  return items.reduce((sum, item) => {
    if (item.kind === 'literal') return sum + item.text.length
    if (item.kind !== 'extglob') return sum + 2
    if (item.type === '!') return sum + 3
    return sum + item.choices.reduce((inner, choice) => inner + 2 + edgesOf(choice), 4)
  }, 1)
}

/** Those in other negations are left out. */
function negationsIn(
  items: readonly Item[],
  isAtFixedPlace: boolean,
): { negation: Extglob; isAtFixedPlace: boolean }[] {
  return items.flatMap((item, i) => {
    if (item.kind !== 'extglob') return []
    const isStillFixed = isAtFixedPlace && isFixed(items.slice(0, i))
    if (item.type === '!') return [{ negation: item, isAtFixedPlace: isStillFixed }]
    const isOnce = item.type === '@' || item.type === '?'
    return item.choices.flatMap(choice => negationsIn(choice, isStillFixed && isOnce))
  })
}
