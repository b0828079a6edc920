import type { IncomingHttpHeaders } from 'node:http';

/** Pages of ours send it with what changes something; a form of another site cannot. */
export const CSRF_HEADER = 'x-sagewai-csrf';

interface Request {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** Where this server is reached: as configured, else as the request itself says. */
export function originOf(
  headers: IncomingHttpHeaders,
  { publicUrl, isTls }: { readonly publicUrl: string | null; readonly isTls: boolean },
): string {
  if (publicUrl !== null) return new URL(publicUrl).origin;
  return `${isTls ? 'https' : 'http'}://${headers.host ?? 'localhost'}`.toLowerCase();
}

/** Null when a cookie may act with this request (A9), else why not. */
export function findForgery({ method, headers }: Request, origin: string): string | null {
  if (method === 'GET' || method === 'HEAD') return null;
  if (headers[CSRF_HEADER] === undefined) return `it lacks the header ${CSRF_HEADER}`;
  const from = headers.origin;
  if (from !== undefined && from.toLowerCase() !== origin) return 'it comes from another origin';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return 'it comes from another site';
  return null;
}
