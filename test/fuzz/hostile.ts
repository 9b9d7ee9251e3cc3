/** Values that people do not send and that arrive nevertheless. */
import fc from 'fast-check'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const PROTOTYPE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
]

/** Pieces that mean something somewhere on the way: in URLs, keys, filters, terminals, shells, markup, Unicode. */
const PIECES = [
  ...['\0', '\u0001', '\t', '\r', '\n', '\u001b[31m', '\u007f', '\u0085', '\u009b2J', '\u2028', '\u2029'],
  ...['\ud800', '\udfff', '\ufeff', '\ufffd', '\uffff', '\u202e', '\u200f', '\u0301', 'é', 'e\u0301', '😀'],
  ...['%', '%2F', '%00', '%zz', '%25', '%ff', '#', '?', '?sig=x', '&', '+', '=', ';', ':', '@', '\\', '|'],
  ...[
    '/',
    '//',
    '/./',
    '/../',
    '..',
    '.',
    ' ',
    '~',
    '$',
    '*',
    '{',
    '}',
    '{{',
    '[',
    ']',
    '!',
    "'",
    '"',
    '`',
    '<',
  ],
  ...["' or RowKey ne '", '<script>', '_$folder$', ...PROTOTYPE_KEYS],
]

/** Text of any length up to `maxLength` UTF-16 units, lone surrogates and control characters among them. */
export function hostileText(maxLength = 200): fc.Arbitrary<string> {
  return fc
    .oneof(
      fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })), { maxLength: 12 }),
      fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 3 }),
      fc.array(
        fc.nat({ max: 0xffff }).map(unit => String.fromCharCode(unit)),
        { maxLength: 30 },
      ),
      fc
        .tuple(fc.constantFrom(...PIECES, 'x', '日'), fc.nat({ max: maxLength }))
        .map(([piece, times]) => [piece.repeat(times)]),
    )
    .map(parts => parts.join('').slice(0, maxLength))
}

/** Stands for a value that is nested more deeply than a stack of calls can follow: `toJsonText` writes it. */
const DEEP_LIST = '@deep list@'
const DEEP_MAP = '@deep map@'
const LEVELS = 20_000

/** As JSON.stringify, which could not write what is nested so deeply. JSON.parse reads it. */
export function toJsonText(value: Json): string {
  return JSON.stringify(value)
    .replace(`"${DEEP_LIST}"`, () => '['.repeat(LEVELS) + ']'.repeat(LEVELS))
    .replace(`"${DEEP_MAP}"`, () => `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`)
}

/** Any JSON value, and what is rare in it. */
export const hostileValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
  { weight: 4, arbitrary: hostileText() },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json>(
      ...[null, true, false, '', 'null', {}, [], [[]], [null], [{}], { length: -1 }],
      ...[0, -0, -1, 0.5, 1e21, 1e308, -1e308, 2 ** 53, 2 ** 63, Number.MIN_VALUE],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>('x'.repeat(70_000), '😀'.repeat(20_000)) },
  { weight: 1, arbitrary: fc.constantFrom(...PROTOTYPE_KEYS).map(key => JSON.parse(`{"${key}":{"a":1}}`)) },
  { weight: 1, arbitrary: fc.constantFrom<Json>(DEEP_LIST, DEEP_MAP) },
)

export const hostileKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...PROTOTYPE_KEYS, '', '0', 'data', 'kind'),
  hostileText(20),
)

/** The names of blobs: of 1 to 1024 characters from the whole of Unicode, and the shapes that rules meet. */
export const blobName: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 6, arbitrary: hostileText(1024) },
    { weight: 2, arbitrary: fc.array(hostileText(60), { maxLength: 8 }).map(parts => parts.join('/')) },
    { weight: 2, arbitrary: hostileText(40).map(text => `sales/eu/${text}.csv`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'é/e\u0301',
        'e\u0301/é',
        'a ',
        ' a',
        'a.',
        'a/',
        '/a',
        'a\\b',
        '.',
        '..',
        '日'.repeat(1024),
      ),
    },
  )
  .filter(name => name !== '')
