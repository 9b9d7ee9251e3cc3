/**
 * The route constraints of ASP.NET Core, which Azure Functions takes over: `{id:int}`, `{name:length(3,5)}`.
 */
const CONSTRAINTS: Record<string, (value: string, args: readonly string[]) => boolean> = {
  int: value => isWhole(value, -(2n ** 31n), 2n ** 31n - 1n),
  long: value => isWhole(value, -(2n ** 63n), 2n ** 63n - 1n),
  bool: value => /^(true|false)$/i.test(value),
  alpha: value => /^[a-z]*$/i.test(value),
  decimal: value => /^[+-]?\d*\.?\d+$/.test(value),
  double: isNumber,
  float: isNumber,
  datetime: value => !Number.isNaN(Date.parse(value)),
  guid: value => /^\{?[0-9a-f]{8}(-?)([0-9a-f]{4}\1){3}[0-9a-f]{12}\}?$/i.test(value),
  required: value => value !== '',
  min: (value, [min]) => isNumber(value) && Number(value) >= Number(min),
  max: (value, [max]) => isNumber(value) && Number(value) <= Number(max),
  range: (value, [min, max]) =>
    isNumber(value) && Number(value) >= Number(min) && Number(value) <= Number(max),
  minlength: (value, [min]) => value.length >= Number(min),
  maxlength: (value, [max]) => value.length <= Number(max),
  length: (value, [min, max]) => value.length >= Number(min) && value.length <= Number(max ?? min),
}
const ARGUMENT_COUNTS: Record<string, readonly number[]> = {
  min: [1],
  max: [1],
  range: [2],
  minlength: [1],
  maxlength: [1],
  length: [1, 2],
}

/** Whether the text, such as `int` or `range(1,5)`, is a constraint that `meetsConstraint` knows. */
export function isConstraint(text: string): boolean {
  const { name, args } = parse(text)
  const counts = ARGUMENT_COUNTS[name] ?? [0]
  return Object.hasOwn(CONSTRAINTS, name) && counts.includes(args.length) && args.every(isNumber)
}

/** Whether a route parameter's value meets a constraint that `isConstraint` has found right. */
export function meetsConstraint(text: string, value: string): boolean {
  const { name, args } = parse(text)
  return CONSTRAINTS[name]?.(value, args) ?? false
}

function parse(text: string): { name: string; args: string[] } {
  const [, name = '', list] = /^([a-z]+)(?:\(([^)]*)\))?$/i.exec(text) ?? []
  return { name: name.toLowerCase(), args: list === undefined ? [] : list.split(',').map(arg => arg.trim()) }
}

function isNumber(value: string): boolean {
  return value.trim() !== '' && Number.isFinite(Number(value))
}

function isWhole(value: string, min: bigint, max: bigint): boolean {
  if (!/^[+-]?\d{1,20}$/.test(value)) return false
  const number = BigInt(value.replace(/^\+/, ''))
  return number >= min && number <= max
}
