/** What a benchmark is told on its command line. */
export interface Options {
  /** Ends within 45 s; enough to see that it works and in which order of magnitude. */
  readonly quick: boolean;
  /** One object a line on stdout instead of the table; everything else goes to stderr. */
  readonly json: boolean;
  /** How many processes serve, of those contenders that can be several. */
  readonly processes: number;
  /** Looks for an hour at what must not grow, where it otherwise looks for minutes. */
  readonly isHour: boolean;
}

export type Reading =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly argument: string };

/** What a benchmark may understand beside what each of them does. */
export type OwnOption = '--two-processes' | '--hour';

/** `own`: what this benchmark understands beside what all of them do. */
export function readOptions(args: readonly string[], own: readonly OwnOption[]): Reading {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' };
  const known = new Set<string>(['--quick', '--json', ...own]);
  const unknown = args.find((argument) => !known.has(argument));
  if (unknown !== undefined) return { kind: 'mistake', argument: unknown };
  return {
    kind: 'options',
    options: {
      quick: args.includes('--quick'),
      json: args.includes('--json'),
      processes: args.includes('--two-processes') ? 2 : 1,
      isHour: args.includes('--hour'),
    },
  };
}
