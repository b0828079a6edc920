import type { RequestHead } from '@sagewai/http';

const PLAIN = 'sagewai_session';
/** Browsers take this name only over HTTPS, for the whole host, and from no other host. */
const LOCKED = `__Host-${PLAIN}`;

/** The session's value in the cookies of a request. Over HTTPS only the locked one: a neighbour can set the other. */
export function findCookie(
  head: Pick<RequestHead, 'headers'>,
  { isSecure }: { readonly isSecure: boolean },
): string | null {
  const cookies = new Map<string, string>();
  for (const pair of (head.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return cookies.get(isSecure ? LOCKED : PLAIN) ?? null;
}

/** What hands the value to a browser: no script reads it, no other site sends it. */
export function writeCookie(
  value: string,
  { isSecure, maxAgeMs }: { readonly isSecure: boolean; readonly maxAgeMs: number },
): string {
  const age = `Max-Age=${Math.floor(maxAgeMs / 1000)}`;
  return isSecure
    ? `${LOCKED}=${value}; Path=/; ${age}; HttpOnly; Secure; SameSite=Strict`
    : `${PLAIN}=${value}; Path=/; ${age}; HttpOnly; SameSite=Strict`;
}

export const clearCookie = (isSecure: boolean): string =>
  writeCookie('', { isSecure, maxAgeMs: 0 });
