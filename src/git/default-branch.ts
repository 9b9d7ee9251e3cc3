import type { HttpClient } from 'isomorphic-git'

/** What git allows a line to have. */
const MAX_LINE_BYTES = 65_520
/** The first line that names a ref, in a list of the protocol's first version: what stands before it, its
 * length, and its part up to NUL. */
const FIRST_REF =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what git separates its abilities with
  /^((?:[0-9a-f]{4}# service=git-upload-pack\n0000)?)([0-9a-f]{4})([0-9a-f]{40} [^\x00]*\x00)/

/**
 * The same client, whose lists of refs say that `name` is the default branch. isomorphic-git fails to fetch any branch
 * of a repository whose default branch does not exist (a `main` that nobody pushed to): it looks for it after the
 * fetch, to tell which one it is, and nobody asks that here.
 */
export function withDefaultBranch(http: HttpClient, name: string): HttpClient {
  return {
    async request(asked) {
      const response = await http.request(asked)
      if (asked.method === 'POST' || response.body === undefined) return response
      const chunks: Uint8Array[] = []
      for await (const chunk of response.body) chunks.push(chunk)
      return { ...response, body: once(nameDefault(Buffer.concat(chunks), name)) }
    },
  }
}

function nameDefault(list: Buffer, name: string): Buffer {
  const found = FIRST_REF.exec(list.subarray(0, MAX_LINE_BYTES).toString('latin1'))
  if (found === null) return list
  const [all, before = '', length = '', ref = ''] = found
  const ability = `symref=HEAD:${name} `
  const longer = Number.parseInt(length, 16) + Buffer.byteLength(ability)
  return Buffer.concat([
    Buffer.from(before + longer.toString(16).padStart(4, '0') + ref, 'latin1'),
    Buffer.from(ability),
    list.subarray(all.length),
  ])
}

async function* once(content: Buffer): AsyncGenerator<Uint8Array, void> {
  yield content
}
