import { Fault } from '@sagewai/fault';
import type { ProblemCode } from '@sagewai/wire';

import type { Refused, ScimErrorType } from './filter.ts';

const CODES = {
  invalidFilter: 'scim.filter',
  invalidPath: 'scim.path',
  invalidSyntax: 'scim.syntax',
  invalidValue: 'request.invalid',
  mutability: 'scim.mutability',
  noTarget: 'scim.target',
  tooMany: 'scim.too_many',
  uniqueness: 'resource.exists',
} as const satisfies Record<ScimErrorType, ProblemCode>;

/** What a pure step has decided, or the refusal as its clients parse it. */
export function demand<Step extends { readonly kind: string }>(
  step: Step | Refused,
): Exclude<Step, Refused> {
  if (!isRefused(step)) return step as Exclude<Step, Refused>;
  const { type, detail } = step;
  throw new Fault(CODES[type], `refused: ${type}`, { detail });
}

const isRefused = (step: { readonly kind: string }): step is Refused => step.kind === 'refused';

const UNIQUE_VIOLATION = '23505';

/** S2. The database decides who was first; the other is told that it is taken. */
export async function uniquely<Result>(
  detail: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== UNIQUE_VIOLATION) throw thrown;
    throw new Fault('resource.exists', 'a unique violation', { detail, cause: thrown });
  }
}
