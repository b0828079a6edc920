import { Fault } from '@sagewai/fault';
import type { Mistake } from '@sagewai/wire';

/** Why a field that LiteLLM knows is not taken here, by its name. */
export type Unsupported = Readonly<Record<string, string>>;

/**
 * Refuses what is not done here by its name: a limit that was asked for and is not kept would be worse
 * than none. Clients send many of LiteLLM's fields empty; what says nothing is let through.
 */
export function refuseFields(
  body: Readonly<Record<string, unknown>>,
  schema: object,
  unsupported: Unsupported,
): void {
  const known = (schema as { readonly properties?: object }).properties ?? {};
  const mistakes = Object.entries(body).flatMap(([name, value]): Mistake[] => {
    if (Object.hasOwn(known, name)) return [];
    const isOfLitellm = Object.hasOwn(unsupported, name);
    if (isOfLitellm && saysNothing(value)) return [];
    const message = isOfLitellm ? `is not supported: ${unsupported[name]}` : 'is not a known field';
    return [{ part: 'body', path: `/${name}`, message }];
  });
  if (mistakes.length > 0) throw refused(mistakes);
}

export function refused(mistakes: readonly Mistake[]): Fault {
  const detail = mistakes.map(({ path, message }) => `${path.slice(1)} ${message}`).join('; ');
  return new Fault('request.invalid', 'fields that are not supported', { detail, mistakes });
}

/** One field that cannot be as it is. */
export const mistaken = (field: string, message: string): Fault =>
  refused([{ part: 'body', path: `/${field}`, message }]);

function saysNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
