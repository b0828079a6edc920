import type { IncomingHttpHeaders } from 'node:http';

/**
 * The credential of a request to a model: `Authorization: Bearer …`, else `X-Api-Key`, as the clients
 * of both big formats send it. `undefined` when there is none in this shape.
 */
export function readCredential(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) {
    const key = headers['x-api-key'];
    return typeof key === 'string' ? key : undefined;
  }
  const scheme = authorization.slice(0, 7);
  return scheme === 'Bearer ' || scheme.toLowerCase() === 'bearer '
    ? authorization.slice(7).trim()
    : undefined;
}
