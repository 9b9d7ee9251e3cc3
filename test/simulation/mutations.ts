/** Ways to break the code. The simulation has to find each of them: this is how it is known to look. */

export interface Edit {
  /** From the project's root. */
  file: string
  /** Stands there exactly once. */
  find: string
  replace: string
}

export interface Mutation {
  /** What is wrong then. */
  means: string
  edits: readonly Edit[]
}

export const MUTATIONS = {
  'no-compare-and-swap': {
    means: 'the ledger takes every commit, whoever was faster',
    edits: [
      {
        file: 'src/memory/ledger.ts',
        find: "if (partition?.etag !== guard) return 'conflict'",
        replace: '',
      },
    ],
  },
  'guess-unchecked': {
    means: 'a file that is taken for new without reading is recorded as new, whatever is known of it',
    edits: [
      {
        file: 'src/memory/ledger.ts',
        find: "if (transition.newFiles.some(({ key }) => partition?.files.has(key))) return 'conflict'",
        replace: '',
      },
    ],
  },
  'acknowledge-early': {
    means: 'Event Grid is told that all is well before anything is recorded',
    edits: [
      {
        file: 'src/app/intake/intake.ts',
        find: 'if (folders.length === 0) return changes(news)\n',
        replace:
          'if (folders.length === 0) return Promise.resolve(void changes(news).catch(() => undefined))\n',
      },
      {
        file: 'src/app/intake/intake.ts',
        find: '      changes(news),\n',
        replace: '      void changes(news).catch(() => undefined),\n',
      },
    ],
  },
  'enqueue-before-write': {
    means: 'the message is sent before there is something for it to find',
    edits: [
      {
        file: 'src/app/intake/intake.ts',
        find: 'const { outcome, wakeAt } = await recorder(asset, intent)',
        replace:
          'await announcer.work(asset, 0)\nconst { outcome } = await recorder(asset, intent)\nlet wakeAt: number | undefined',
      },
    ],
  },
  'agenda-after-write': {
    means: 'the asset is put on the agenda only after the commit',
    edits: [
      {
        file: 'src/app/intake/record-attempts.ts',
        find: '    if (plan.busy) await announcer.expect(asset)\n',
        replace: '',
      },
      {
        file: 'src/app/intake/record-attempts.ts',
        find: "    if (committed === 'conflict') return committed\n",
        replace:
          "    if (committed === 'conflict') return committed\n    if (plan.busy) await announcer.expect(asset)\n",
      },
    ],
  },
  'overtaken-is-recorded': {
    means: 'what was made ready behind a commit that failed is told to be recorded',
    edits: [
      {
        file: 'src/app/intake/record-attempts.ts',
        find: "if (error instanceof OvertakenError) return { outcome: 'overtaken', left: items }",
        replace:
          "if (error instanceof OvertakenError) {\nfor (const { resolve } of items) resolve({ outcome: 'recorded', wakeAt })\nreturn { outcome: 'failed', left: [] }\n}",
      },
    ],
  },
  'overtaken-is-built-upon': {
    means: 'transactions are made ready behind one that cannot succeed any more, for ever',
    edits: [
      {
        file: 'src/app/intake/recorder.ts',
        find: "if (outcome !== 'recorded' && next !== undefined) {",
        replace: "if (outcome !== 'recorded' && next === attempt) {",
      },
    ],
  },
  'no-sequencer-check': {
    means: 'an older event undoes a newer one',
    edits: [
      {
        file: 'src/core/asset/plan-intake.ts',
        find: "return ordered ? 'older' : 'ask'",
        replace: "return 'newer'",
      },
    ],
  },
  'no-duplicate-check': {
    means: 'the same content is taken in again whenever it is reported',
    edits: [
      { file: 'src/core/asset/plan-intake.ts', find: "if (same) return 'duplicate'", replace: '' },
      {
        file: 'src/core/asset/plan-intake.ts',
        find: 'if (known !== undefined && known.cut > 0 && known.etag === content.etag) {',
        replace: 'if (known !== undefined && known.etag === undefined) {',
      },
    ],
  },
  'no-message-for-duplicates': {
    means: 'what was recorded by a process that died is not announced when it comes again',
    edits: [
      {
        file: 'src/core/asset/plan-intake.ts',
        find: 'wakeAt: busy || repeated ? wakeAt : undefined',
        replace: 'wakeAt: undefined',
      },
    ],
  },
  'overwritten-file-stays': {
    means: 'what is overwritten while it gathers is still counted in',
    edits: [
      {
        file: 'src/core/asset/plan-intake.ts',
        find: 'digest: removeMember(open.digest, memberDigest(known.ref, known.etag, known.sizeBytes)),',
        replace: 'digest: open.digest,',
      },
    ],
  },
  'no-lease': {
    means: 'two workers have one asset at the same time',
    edits: [
      {
        file: 'src/core/asset/plan-work.ts',
        find: 'head.lease.owner !== owner && head.lease.until > now',
        replace: 'head.lease.owner !== owner && head.lease.until < 0',
      },
    ],
  },
  'lease-runs-out': {
    means: 'calls to Azure ML go on after the lease is over',
    edits: [
      {
        file: 'src/app/delivery/leased-calls.ts',
        find: 'if (clock.now() > leasedUntil - LEASE_RESERVE_MS)',
        replace: 'if (clock.now() < 0 && leasedUntil < LEASE_RESERVE_MS)',
      },
      // Right in itself, as long as somebody looks at it; a short lease ends more often while its worker is under way.
      {
        file: 'src/core/limits.ts',
        find: 'export const LEASE_MS = 60 * SECOND',
        replace: 'export const LEASE_MS = 40 * SECOND',
      },
    ],
  },
  'number-not-durable': {
    means: 'versions are sent before it is known that their numbers are recorded',
    edits: [
      {
        file: 'src/app/delivery/work.ts',
        find: 'const claimed = await ledger.commit(asset, etag, { ...planned, head })',
        replace: `const claimed = { etag: 'not known' } as { etag: string } | 'conflict'
    void ledger.commit(asset, etag, { ...planned, head }).catch(() => undefined)`,
      },
    ],
  },
  'taken-is-done': {
    means: 'a number that a stranger has is taken for ours',
    edits: [
      { file: 'src/app/delivery/deliver.ts', find: "if (outcome === 'taken') return 'taken'", replace: '' },
    ],
  },
  'nothing-withdrawn': {
    means: 'what has moved to another number stays under the old one as well',
    edits: [
      {
        file: 'src/app/delivery/withdraw.ts',
        find: 'if (there !== undefined && isOurs && !there.isArchived) {',
        replace: 'if (there !== undefined && isOurs && there.isArchived) {',
      },
    ],
  },
  'withdraw-not-remembered': {
    means: 'the workspaces that had the data under a number that was taken do not come back to it',
    edits: [
      {
        file: 'src/core/asset/plan-work.ts',
        find: 'head.cursors[alias] = goingBackTo(ordinal, own(head.cursors, alias))',
        replace: 'goingBackTo(ordinal, own(head.cursors, alias))',
      },
    ],
  },
  'trouble-is-failure': {
    means: 'passing trouble with a workspace ends the delivery for good',
    edits: [
      {
        file: 'src/app/delivery/deliver.ts',
        find: 'if (!gaveUp) {',
        replace: 'if (!gaveUp && waiting.attempts === 0) {',
      },
    ],
  },
  'gap-loses-delivery': {
    means: 'trouble with the first version behind numbers that were left out passes for success',
    edits: [
      {
        file: 'src/app/delivery/deliver.ts',
        find: 'if (cursor.next !== version.ordinal) cursor = { ...newCursor(version.ordinal), turn: purse.left() }',
        replace: '',
      },
    ],
  },
  'rewrite-overlooked': {
    means: 'what is made pending again while a worker is under way is passed over',
    edits: [
      {
        file: 'src/core/asset/plan-work.ts',
        find: 'if (head.rewrites === before.rewrites || hasNotMoved)',
        replace: 'if (head.rewrites !== -1 || hasNotMoved)',
      },
    ],
  },
  'cursor-not-set-back': {
    means: 'a workspace that is named later does not get what was cut before',
    edits: [
      {
        file: 'src/app/delivery/extend.ts',
        find: 'if (cursor === undefined || ordinal < cursor.next) head.cursors[alias] = newCursor(ordinal)',
        replace: 'if (cursor === undefined) head.cursors[alias] = newCursor(ordinal + 1)',
      },
    ],
  },
  'retry-sends-nothing': {
    means: 'a failure that is to be tried again is not',
    edits: [
      {
        file: 'src/app/delivery/retry.ts',
        find: 'if (cursor === undefined || version.ordinal < cursor.next)',
        replace: 'if (cursor === undefined)',
      },
    ],
  },
  'failure-noted-late': {
    means: 'a failure is put into the list only after the ledger has it',
    edits: [
      {
        file: 'src/app/delivery/work.ts',
        find: '      await noteFailures(asset, transition.versions, report.outcomes)\n',
        replace: '',
      },
      {
        file: 'src/app/delivery/work.ts',
        find: "if ((await ledger.commit(asset, state.etag, transition)) !== 'conflict') return transition.head",
        replace: `if ((await ledger.commit(asset, state.etag, transition)) !== 'conflict') {
        await noteFailures(asset, transition.versions, report.outcomes)
        return transition.head
      }`,
      },
    ],
  },
  'young-failures-struck': {
    means: 'a failure that the ledger is about to be told of is struck off the list',
    edits: [
      {
        file: 'src/app/failures/failed-deliveries.ts',
        find: 'const before = clock.now() - STRIKE_AFTER_MS',
        replace: 'const before = clock.now() + STRIKE_AFTER_MS',
      },
    ],
  },
  'index-ignores-content': {
    means: 're-sync takes a file for known that was written over since',
    edits: [
      {
        file: 'src/core/resync/known-blobs.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's text
        find: '${path}\\n${etag}',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's text
        replace: '${path}${etag.slice(0, 0)}',
      },
    ],
  },
  'checkpoint-too-far': {
    means: 'whoever goes on with a part of a re-sync run leaves out what nobody has compared yet',
    edits: [
      {
        file: 'src/app/resync/scan.ts',
        find: "const from = order === 'unknown' ? undefined : chunk.from",
        replace:
          "const from = order === 'unknown' ? undefined : (chunk.texts.at(-1) ?? chunk.from).concat('~')",
      },
    ],
  },
  'run-not-woken': {
    means: 'a re-sync run whose message was lost is found, and nothing is done about it',
    edits: [
      {
        file: 'src/app/resync/run-sweep.ts',
        find: '        await announce(id, document.id, 0)\n',
        replace: '',
      },
    ],
  },
  'sweep-wakes-nobody': {
    means: 'work whose message was lost is found, and nothing is done about it',
    edits: [{ file: 'src/app/delivery/sweep.ts', find: '    await announcer.work(asset, 0)\n', replace: '' }],
  },
} as const satisfies Record<string, Mutation>

export type MutationName = keyof typeof MUTATIONS

export function isMutationName(name: string): name is MutationName {
  return Object.hasOwn(MUTATIONS, name)
}
