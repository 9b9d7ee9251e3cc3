// @ts-expect-error: it comes without types, and none are needed here
export { decode, default } from 'jsonwebtoken'
