import type { Metafile } from 'esbuild'

export interface Piece {
  /** Without a folder. */
  name: string
  /** CommonJS. */
  text: string
}

const REQUIRED = /\brequire\("\.\/([\w.-]+)"\)/g

/**
 * Puts what a start loads in one go into one file: for each of `firsts`, in their order, the piece itself and all that
 * it needs at once and that no earlier one has. Node takes longer to find and open a file than to run most pieces.
 * Such a file is named after its first piece; it gives `load`, which runs a piece once and answers what it exports.
 */
export function joinPieces(
  pieces: readonly Piece[],
  { outputs }: Pick<Metafile, 'outputs'>,
  firsts: readonly string[],
): Piece[] {
  const homes = new Map<string, string>()
  for (const first of firsts) {
    for (const name of neededAtOnce(outputs, first)) if (!homes.has(name)) homes.set(name, first)
  }
  const rewritten = pieces.map(({ name, text }) => ({
    name,
    text: text.replace(REQUIRED, (call, required) => {
      const home = homes.get(required)
      if (home === undefined) return call
      return home === homes.get(name) ? `__load("${required}")` : `require("./${home}").load("${required}")`
    }),
  }))
  return [
    ...firsts.map(first => ({
      name: first,
      text: joinedText(rewritten.filter(({ name }) => homes.get(name) === first)),
    })),
    ...rewritten.filter(({ name }) => !homes.has(name)),
  ]
}

/** A piece, and all that is loaded with it. */
export function neededAtOnce(
  outputs: Metafile['outputs'],
  name: string,
  seen = new Set<string>(),
): Set<string> {
  seen.add(name)
  for (const { path, kind } of outputs[`dist/${name}`]?.imports ?? []) {
    const next = path.replace(/^dist\//, '')
    if (kind === 'import-statement' && path in outputs && !seen.has(next)) neededAtOnce(outputs, next, seen)
  }
  return seen
}

function joinedText(pieces: readonly Piece[]): string {
  // In parentheses: V8 then compiles a function at once, instead of reading it twice.
  const entries = pieces.map(
    ({ name, text }) => `${JSON.stringify(name)}:(function(module,exports){${text}\n})`,
  )
  return `const loaded={},pieces={${entries.join(',')}}
${LOAD}
`
}

/** As Node's own `require`: a piece that could not be run is run anew when it is asked for again. */
const LOAD = `exports.load=__load
function __load(name){
  if(!(name in loaded)){
    const module=loaded[name]={exports:{}}
    try{pieces[name](module,module.exports)}catch(error){delete loaded[name];throw error}
  }
  return loaded[name].exports
}`
