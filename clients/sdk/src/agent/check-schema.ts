import type { JsonSchema } from './chat.ts';

/** Deeper than any document that a model writes. */
const DEPTH_MAX = 64;
const MISTAKES_MAX = 5;

/**
 * What is wrong with a value, in words that a model can act on; at most five, none when it is right. Knows `type`,
 * `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, bounds of numbers, lengths, `pattern`,
 * `anyOf`, `oneOf` and `allOf`; what else a schema says is for the model, and not checked.
 */
export function mistakesIn(value: unknown, schema: JsonSchema): readonly string[] {
  const found: string[] = [];
  check({ value, schema, path: '', depth: 0 }, found);
  return found.slice(0, MISTAKES_MAX);
}

interface Spot {
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly path: string;
  readonly depth: number;
}

function check({ value, schema, path, depth }: Spot, found: string[]): void {
  if (depth > DEPTH_MAX || found.length >= MISTAKES_MAX) return;
  const say = (what: string): void => void found.push(`${path || 'the value'} ${what}`);
  const types = schema['type'] === undefined ? [] : [schema['type']].flat();
  if (types.length > 0 && !types.some((type) => isOf(type, value))) {
    return say(`must be ${types.map(String).join(' or ')}`);
  }
  const allowed = schema['enum'];
  if (Array.isArray(allowed) && !allowed.some((one) => isSame(one, value))) {
    say(`must be one of ${JSON.stringify(allowed)}`);
  }
  if ('const' in schema && !isSame(schema['const'], value)) {
    say(`must be ${JSON.stringify(schema['const'])}`);
  }
  checkBounds(value, schema, say);
  for (const [name, mistake] of [
    ['anyOf', (fits: number) => fits === 0],
    ['oneOf', (fits: number) => fits !== 1],
  ] as const) {
    const choices = schemasOf(schema[name]);
    const fits = choices.filter((one) => mistakesIn(value, one).length === 0).length;
    if (choices.length > 0 && mistake(fits)) say(`fits ${fits} of what is listed in ${name}`);
  }
  for (const one of schemasOf(schema['allOf'])) check({ value, schema: one, path, depth }, found);
  if (Array.isArray(value)) {
    const items = schema['items'];
    if (!isRecord(items)) return;
    for (const [at, one] of value.entries()) {
      check({ value: one, schema: items, path: `${path}[${at}]`, depth: depth + 1 }, found);
    }
  } else if (isRecord(value)) checkProperties({ value, schema, path, depth }, found);
}

function checkProperties(
  { value, schema, path, depth }: Spot & { readonly value: Readonly<Record<string, unknown>> },
  found: string[],
): void {
  const known = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of required) {
    if (typeof name === 'string' && !Object.hasOwn(value, name))
      found.push(`${at(name)} is missing`);
  }
  const more = schema['additionalProperties'];
  for (const [name, one] of Object.entries(value)) {
    const own = Object.hasOwn(known, name) ? known[name] : undefined;
    const of = isRecord(own) ? own : isRecord(more) ? more : null;
    if (of) check({ value: one, schema: of, path: at(name), depth: depth + 1 }, found);
    else if (own === undefined && more === false) found.push(`${at(name)} is not known`);
  }
}

function checkBounds(value: unknown, schema: JsonSchema, say: (what: string) => void): void {
  const bound = (name: string): number | null =>
    typeof schema[name] === 'number' ? schema[name] : null;
  const between = (size: number, [least, most]: readonly [string, string], unit = ''): void => {
    if (size < (bound(least) ?? -Infinity)) say(`must be at least ${bound(least)}${unit}`);
    if (size > (bound(most) ?? Infinity)) say(`must be at most ${bound(most)}${unit}`);
  };
  if (typeof value === 'number') {
    between(value, ['minimum', 'maximum']);
    if (value <= (bound('exclusiveMinimum') ?? -Infinity)) {
      say(`must be above ${bound('exclusiveMinimum')}`);
    }
    if (value >= (bound('exclusiveMaximum') ?? Infinity)) {
      say(`must be below ${bound('exclusiveMaximum')}`);
    }
  }
  if (typeof value === 'string') {
    between(Array.from(value).length, ['minLength', 'maxLength'], ' characters');
    const pattern = schema['pattern'];
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) {
      say(`must match ${pattern}`);
    }
  }
  if (Array.isArray(value)) between(value.length, ['minItems', 'maxItems'], ' items');
}

function isOf(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

const schemasOf = (value: unknown): readonly JsonSchema[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
