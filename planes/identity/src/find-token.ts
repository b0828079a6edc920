import type { IncomingHttpHeaders } from 'node:http';

/** What the credentials of other planes start with; those are not for the reader of access tokens. */
const OF_OTHERS = /^(?:sk-|wrt-|rt-|ses-|eyJ)/;

/** Whether a token looks like one that is another reader's. */
export const isOfOthers = (token: string): boolean => OF_OTHERS.test(token);

/**
 * The access token of a request: `Authorization: Bearer …`, else `X-Api-Key`. Ours start with `sat-`;
 * an administrator's that the configuration gave may look like anything that no other plane knows.
 */
export function findToken(headers: IncomingHttpHeaders): string | null {
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const token = bearer ?? (headers.authorization === undefined ? header(headers, 'x-api-key') : '');
  return token === undefined || token === '' || isOfOthers(token) ? null : token;
}

/** The value of a header that is sent at most once. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
