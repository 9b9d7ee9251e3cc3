import { describe, expect, it } from 'vitest'
import { contentOf, fromFile } from '../../src/azure/ledger-rows.ts'
import type { FileState } from '../../src/core/asset/asset.ts'

const FILE: FileState = {
  key: 'kNoxdCiY0QJr79SJSJJpoDowM2jwH79fLAMIthYMx-o',
  ref: { account: 'lake', container: 'silver', path: 'sales/ü.csv' },
  etag: '0x8D4',
  sizeBytes: 3,
  sequencer: '1',
  removed: false,
  cut: 7,
  target: 'frOuu1YTmOFDWWbP9uxqGyzslvkXmC882Du43oE7eYk',
  recordedAt: 1_795_454_589_164,
}

describe('the row of a file', () => {
  it.each([
    ['that is there', FILE],
    ['that is gone', { ...FILE, removed: true, cut: 0 }],
  ])('holds all that is known of one %s', (_, file) => {
    expect(contentOf<FileState>(fromFile('sales', file), 'file')).toEqual(file)
  })

  it('says nothing twice', () => {
    const { data0, ...columns } = fromFile('sales', FILE)
    expect(columns).toEqual({ partitionKey: 'sales', rowKey: `f!${FILE.key}`, layout: 1, cut: 7 })
    expect(Object.keys(JSON.parse(String(data0)))).toEqual([
      'ref',
      'etag',
      'sizeBytes',
      'sequencer',
      'target',
      'recordedAt',
    ])
  })

  it('is read as well where its JSON holds everything', () => {
    const row = { ...fromFile('sales', FILE), data0: JSON.stringify(FILE) }
    expect(contentOf<FileState>(row, 'file')).toEqual(FILE)
  })

  it.each([
    ['null', 'null'],
    ['a list', '[1]'],
    ['nothing of a file', '{}'],
  ])('is refused where its JSON is %s', (_, data0) => {
    expect(() => contentOf({ ...fromFile('sales', FILE), data0 }, 'file')).toThrow(
      `ledger row sales/f!${FILE.key} is no file: `,
    )
  })
})
