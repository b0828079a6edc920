import type { Mistake } from '@sagewai/wire';
import type { TSchema } from 'typebox';

import { closeSchema } from './close-schema.ts';
import { createValidators, type Validate } from './validators.ts';

/** Checks what was made inside as if a caller of our own surface had sent it. Compiled when first used. */
export function valueChecker(schema: TSchema): (value: unknown) => readonly Mistake[] {
  let validate: Validate | undefined;
  return (value) => {
    validate ??= createValidators().compile('body', 'own', closeSchema(schema));
    return validate(value, 0);
  };
}
