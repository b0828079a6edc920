import { Fault } from '@sagewai/fault';
import type { ProblemCode } from '@sagewai/wire';

/**
 * The thing itself, or 404. Also for what exists but belongs to somebody else: a caller who may not
 * know that a thing exists gets the same answer as for one that does not.
 */
export function found<Thing>(
  thing: Thing | null | undefined,
  detail: string,
  code: ProblemCode = 'resource.missing',
): Thing {
  if (thing === null || thing === undefined) throw new Fault(code, 'not found', { detail });
  return thing;
}
