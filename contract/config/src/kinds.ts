import { type DurationUnit, formatDuration, parseDuration } from './duration.ts';
import type { Field, FieldOptions, Reading } from './field.ts';
import { formatLabels, parseLabels, parseList } from './lists.ts';
import { Secret } from './secret.ts';
import { hideUserInfo, isUrl, withScheme } from './url-text.ts';

interface Kind<Value, Name extends string> {
  readonly kind: Name;
  readonly expected: string;
  readonly parse: (text: string) => Value | null;
  readonly show?: (value: Value) => string;
}

function declare<Value, Name extends string, Default extends Value | null>(
  { kind, expected, parse, show = String }: Kind<Value, Name>,
  { description, flag, check, default: fallback }: FieldOptions<Value, Default>,
): Field<Value | Default, Name> {
  return {
    kind,
    description,
    flag: flag ?? null,
    expected,
    read: (text): Reading<Value> => {
      const value = parse(text);
      if (value === null) return { kind: 'refused' };
      const why = check?.(value) ?? null;
      return why === null ? { kind: 'read', value } : { kind: 'refused', why };
    },
    show: (value) => (value === null ? '' : show(value as Value)),
    fallback: fallback === undefined ? { kind: 'required' } : { kind: 'default', value: fallback },
  };
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function within({
  min = Number.NEGATIVE_INFINITY,
  max = Number.POSITIVE_INFINITY,
}: Bounds): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return ` from ${min} to ${max}`;
  if (Number.isFinite(min)) return ` of at least ${min}`;
  return Number.isFinite(max) ? ` of at most ${max}` : '';
}

const inBounds = (value: number, { min = -Infinity, max = Infinity }: Bounds): number | null =>
  Number.isFinite(value) && value >= min && value <= max ? value : null;

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const LOG_LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ...(['debug', 'info', 'warn', 'error'] as const).map((level) => [level, level] as const),
  ['warning', 'warn'],
]);

/** The kinds of field. `default: null` makes a field that may be absent. */
export const field = {
  string: <Default extends string | null = never>(options: FieldOptions<string, Default>) =>
    declare({ kind: 'string', expected: 'a text', parse: (text) => text }, options),

  /** Stays the text that was given; `defaultScheme` is put before a bare `host:port`. */
  url: <Default extends string | null = never>(
    options: FieldOptions<string, Default> & {
      readonly schemes: readonly string[];
      readonly defaultScheme?: string;
    },
  ) =>
    declare(
      {
        kind: 'url',
        expected: `a URL that starts with ${options.schemes.map((each) => `${each}://`).join(' or ')}`,
        parse: (text) => {
          const url = withScheme(text, options.defaultScheme);
          return isUrl(url, options.schemes) ? url : null;
        },
        show: hideUserInfo,
      },
      options,
    ),

  /** A whole number in the unit that the field's name ends with. */
  integer: <Default extends number | null = never>(
    options: FieldOptions<number, Default> & Bounds,
  ) =>
    declare(
      {
        kind: 'integer',
        expected: `a whole number${within(options)}`,
        parse: (text) =>
          /^[+-]?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))
            ? inBounds(Number(text), options)
            : null,
      },
      options,
    ),

  decimal: <Default extends number | null = never>(
    options: FieldOptions<number, Default> & Bounds,
  ) =>
    declare(
      {
        kind: 'decimal',
        expected: `a number${within(options)}`,
        parse: (text) =>
          /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? inBounds(Number(text), options) : null,
      },
      options,
    ),

  boolean: <Default extends boolean | null = never>(options: FieldOptions<boolean, Default>) =>
    declare(
      {
        kind: 'boolean',
        expected: 'true or false',
        parse: (text) => TRUTHS.get(text.toLowerCase()) ?? null,
      },
      options,
    ),

  /** Separated by commas. */
  list: <Default extends readonly string[] | null = never>(
    options: FieldOptions<readonly string[], Default>,
  ) =>
    declare<readonly string[], 'list', Default>(
      {
        kind: 'list',
        expected: 'a list separated by commas',
        parse: parseList,
        show: (value) => value.join(','),
      },
      options,
    ),

  labels: <Default extends Readonly<Record<string, string>> | null = never>(
    options: FieldOptions<Readonly<Record<string, string>>, Default>,
  ) =>
    declare<Readonly<Record<string, string>>, 'labels', Default>(
      {
        kind: 'labels',
        expected: 'labels like region=us-east-1,tier=production, each key once',
        parse: parseLabels,
        show: formatLabels,
      },
      options,
    ),

  /** Comes out in milliseconds, under a name that ends in `Ms`; so is the default given. */
  duration: <Default extends number | null = never>(
    options: FieldOptions<number, Default> & { readonly bareUnit?: DurationUnit } & Bounds,
  ) =>
    declare(
      {
        kind: 'duration',
        expected: `a duration like 30s, 24h or 1d12h${options.min === undefined ? '' : `, at least ${formatDuration(options.min)}`}${options.max === undefined ? '' : `, at most ${formatDuration(options.max)}`}`,
        parse: (text) => {
          const durationMs = parseDuration(text, options.bareUnit);
          return durationMs === null ? null : inBounds(durationMs, options);
        },
        show: formatDuration,
      },
      options,
    ),

  oneOf: <const Word extends string, Default extends Word | null = never>(
    words: readonly Word[],
    options: FieldOptions<Word, Default>,
  ) =>
    declare<Word, 'oneOf', Default>(
      {
        kind: 'oneOf',
        expected: `one of ${words.join(', ')}`,
        parse: (text) => words.find((word) => word === text) ?? null,
      },
      options,
    ),

  /** How much is logged; `warn` and `warning` are one. */
  logLevel: <Default extends LogLevel | null = never>(options: FieldOptions<LogLevel, Default>) =>
    declare<LogLevel, 'oneOf', Default>(
      {
        kind: 'oneOf',
        expected: 'one of debug, info, warning, error',
        parse: (text) => LOG_LEVELS.get(text.toLowerCase()) ?? null,
      },
      options,
    ),

  /** `check` is given the text itself. */
  secret: <Default extends Secret | null = never>({
    check,
    ...options
  }: Omit<FieldOptions<Secret, Default>, 'check'> & {
    readonly check?: (text: string) => string | null;
  }) =>
    declare(
      {
        kind: 'secret',
        expected: 'a secret text',
        parse: (text) => new Secret(text),
      },
      check ? { ...options, check: (secret: Secret) => check(secret.reveal()) } : options,
    ),
} as const;
