import { styleText } from 'node:util'
import type { Paint } from './code-frame.ts'

/** Coloured where standard output is a terminal that wants it: `NO_COLOR` and `FORCE_COLOR` are respected. */
export const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout })
