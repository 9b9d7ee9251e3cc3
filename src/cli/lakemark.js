#!/usr/bin/env node
// Plain JavaScript that any Node can read: finds a Node that runs TypeScript, then starts the command line.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const OLDEST = { major: 22, minor: 18 }
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isRecentEnough = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)

if (isRecentEnough) {
  // Who reads no further, as `lakemark status | head`, has what was wanted.
  process.stdout.on('error', error => {
    if ('code' in error && error.code === 'EPIPE') process.exit(0)
    throw error
  })
  const { main } = await import('./main.ts')
  await main(process.argv)
} else {
  runOn(fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url)))
}

/** @param {string} node */
function runOn(node) {
  if (!existsSync(node)) {
    console.error(
      `Lakemark needs Node ${OLDEST.major}.${OLDEST.minor} or later; this is ${process.versions.node}. Run npm ci first, which brings one.`,
    )
    process.exit(1)
  }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  // A terminal sends its signals to both; the child decides what they mean.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
}
