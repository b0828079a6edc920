import type { AnyField, Fields } from './field.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Where values may come from, the strongest first. Each is optional; empty texts count as absent. */
export interface Sources {
  /** By the flag's name, kebab or camel case (`max-concurrent`, `maxConcurrent`). */
  readonly flags?: Values;
  /** By the field's name. */
  readonly environment?: Values;
  /** By the field's name, in either case; lists and maps may be written as such. */
  readonly file?: Values;
}

export type SourceName = 'flag' | 'environment' | 'file' | 'default' | 'none';

export interface Resolution {
  readonly name: string;
  readonly field: AnyField;
  readonly source: SourceName;
  readonly outcome:
    | { readonly kind: 'value'; readonly value: unknown }
    | { readonly kind: 'mistake'; readonly message: string };
}

/** Takes each field from the strongest source that has it. */
export function resolve(fields: Fields, sources: Sources): Resolution[] {
  return Object.entries(fields).map(([name, field]) => resolveField(name, field, sources));
}

function resolveField(name: string, field: AnyField, sources: Sources): Resolution {
  const candidates = [
    { source: 'flag', spelling: `--${field.flag}`, given: flagValue(field, sources.flags) },
    { source: 'environment', spelling: name, given: sources.environment?.[name] },
    {
      source: 'file',
      spelling: `${name} in the file`,
      given: sources.file?.[name] ?? sources.file?.[name.toLowerCase()],
    },
  ] as const;
  for (const { source, spelling, given } of candidates) {
    const text = textOf(given);
    if (text === '') continue;
    return { name, field, source, outcome: read(field, spelling, text) };
  }
  if (field.fallback.kind === 'default') {
    return {
      name,
      field,
      source: 'default',
      outcome: { kind: 'value', value: field.fallback.value },
    };
  }
  const message = `${name}${field.flag === null ? '' : ` (or --${field.flag})`}: missing, expected ${field.expected}`;
  return { name, field, source: 'none', outcome: { kind: 'mistake', message } };
}

function read(field: AnyField, spelling: string, text: string | null): Resolution['outcome'] {
  const reading = text === null ? { kind: 'refused' as const } : field.read(text);
  if (reading.kind === 'read') return { kind: 'value', value: reading.value };
  return {
    kind: 'mistake',
    message: `${spelling}: ${reading.why ?? `expected ${field.expected}`}`,
  };
}

function flagValue(field: AnyField, flags: Values | undefined): unknown {
  if (field.flag === null || flags === undefined) return undefined;
  const camel = field.flag.replaceAll(/-([a-z0-9])/g, (_, next: string) => next.toUpperCase());
  return flags[field.flag] ?? flags[camel];
}

/** The text of a value as an environment would hold it: '' when absent, null when it has none. */
function textOf(given: unknown): string | null {
  if (given === undefined || given === null) return '';
  if (typeof given === 'string') return given.trim();
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  if (typeof given !== 'object') return null;
  const parts = Array.isArray(given)
    ? given.map(textOf)
    : Object.entries(given).map(([key, value]) => join(key, textOf(value)));
  return parts.includes(null) ? null : parts.join(',');
}

const join = (key: string, text: string | null): string | null =>
  text === null ? null : `${key}=${text}`;
