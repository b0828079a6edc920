import type { Mistake, Surface } from '@sagewai/wire';
import formats from 'ajv-formats';
import { Ajv2019, type ErrorObject, type ValidateFunction } from 'ajv/dist/2019.js';
import type { TSchema } from 'typebox';

import { explainMistake, isNullable } from './explain-mistake.ts';

export type Part = 'params' | 'query' | 'body';

/**
 * Returns what is wrong with the value, which arrived as so many bytes; empty when nothing is. Fills
 * defaults in, in place.
 */
export type Validate = (value: unknown, bytes: number) => readonly Mistake[];

/** At most so many mistakes are told; a caller who makes more has another problem. */
const MISTAKES_MAX = 20;

/** A larger input is told its first mistake only: each costs some hundred bytes to find. */
const EXPLAINED_BYTES_MAX = 64 * 1024;

export interface Validators {
  compile(part: Part, surface: Surface, schema: TSchema): Validate;
}

/**
 * Path and query are text and are coerced; a body is taken as it is. All mistakes at once are for our
 * own administration only, whose callers are known before their body is read, and for bodies of
 * bounded size: 8 MB of mistakes are a gigabyte of explanations.
 */
export function createValidators(): Validators {
  const first = create({ coerceTypes: false, allErrors: false });
  const all = create({ coerceTypes: false, allErrors: true });
  // No larger than the head of a request, which is bounded.
  const coercing = create({ coerceTypes: 'array', allErrors: true });
  return {
    compile: (part, surface, schema) => {
      if (part !== 'body') return toValidate(part, coercing.compile(schema));
      const validate = toValidate(part, first.compile(schema));
      if (surface !== 'own') return validate;
      const explainAll = toValidate(part, all.compile(schema));
      return (value, bytes) => {
        const mistakes = validate(value, bytes);
        return mistakes.length === 0 || bytes > EXPLAINED_BYTES_MAX
          ? mistakes
          : explainAll(value, bytes);
      };
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
    unions.some(
      (u) =>
        u !== error &&
        error.schemaPath.startsWith(`${u.schemaPath}/`) &&
        (!isNullable(u) || error.params['type'] === 'null'),
    );
  const told = errors.filter((error) => !isInner(error) && !isNullable(error));
  // Never nothing: no mistakes would mean that the value is valid.
  return (told.length > 0 ? told : errors)
    .slice(0, MISTAKES_MAX)
    .map((error) => ({ part, ...explainMistake(error) }));
}
