import type { Mistake, Surface } from '@sagewai/wire';
import formats from 'ajv-formats';
import { Ajv2019, type ErrorObject, type ValidateFunction } from 'ajv/dist/2019.js';
import type { TSchema } from 'typebox';

import { explainMistake } from './explain-mistake.ts';

export type Part = 'params' | 'query' | 'body';

/** Returns what is wrong with the value; empty when nothing is. Fills defaults in, in place. */
export type Validate = (value: unknown) => readonly Mistake[];

/** At most so many mistakes are told; a caller who makes more has another problem. */
const MISTAKES_MAX = 20;

export interface Validators {
  compile(part: Part, surface: Surface, schema: TSchema): Validate;
}

/**
 * Path and query are text and are coerced; a body is taken as it is. All mistakes at once are for our
 * own administration only, whose callers are known before their body is read: collecting them is work
 * that grows with the input.
 */
export function createValidators(): Validators {
  const strict = create({ coerceTypes: false, allErrors: false });
  const strictAll = create({ coerceTypes: false, allErrors: true });
  // No larger than the head of a request, which is bounded.
  const coercing = create({ coerceTypes: 'array', allErrors: true });
  return {
    compile: (part, surface, schema) => {
      const body = surface === 'own' ? strictAll : strict;
      return toValidate(part, (part === 'body' ? body : coercing).compile(schema));
    },
  };
}

function create(options: { coerceTypes: false | 'array'; allErrors: boolean }): Ajv2019 {
  const ajv = new Ajv2019({
    ...options,
    removeAdditional: false,
    useDefaults: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    strictTuples: false,
  });
  formats.default(ajv);
  return ajv;
}

function toValidate(part: Part, validate: ValidateFunction): Validate {
  return (value) => (validate(value) ? NONE : explain(part, validate.errors ?? []));
}

const NONE: readonly Mistake[] = [];

function explain(part: Part, errors: readonly ErrorObject[]): Mistake[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  const isInner = (error: ErrorObject): boolean =>
    unions.some((u) => u !== error && error.schemaPath.startsWith(`${u.schemaPath}/`));
  return errors
    .filter((error) => !isInner(error))
    .slice(0, MISTAKES_MAX)
    .map((error) => ({ part, ...explainMistake(error) }));
}
