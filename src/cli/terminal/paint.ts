import { styleText } from 'node:util'

export type Style = 'red' | 'yellow' | 'dim' | 'bold' | 'green'
export type Paint = (style: Style, text: string) => string

/** Coloured where standard output is a terminal that wants it: `NO_COLOR` and `FORCE_COLOR` are respected. */
export const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout })
