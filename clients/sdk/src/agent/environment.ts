/** A program that uses the SDK has its own beginning, and is promised that these variables are honoured. */
export const readEnvironment = (): Readonly<Record<string, string | undefined>> =>
  // oxlint-disable-next-line no-restricted-properties -- See above; browsers have none.
  typeof process === 'undefined' ? {} : process.env;
