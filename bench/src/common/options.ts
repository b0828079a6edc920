/** What a benchmark is told on its command line. */
export interface Options {
  /** Ends within 45 s; enough to see that it works and in which order of magnitude. */
  readonly quick: boolean;
  /** One object a line on stdout instead of the table; everything else goes to stderr. */
  readonly json: boolean;
}

export type Reading =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly argument: string };

const KNOWN = new Set(['--quick', '--json']);

export function readOptions(args: readonly string[]): Reading {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' };
  const unknown = args.find((argument) => !KNOWN.has(argument));
  if (unknown !== undefined) return { kind: 'mistake', argument: unknown };
  return {
    kind: 'options',
    options: { quick: args.includes('--quick'), json: args.includes('--json') },
  };
}
