import type { IncomingHttpHeaders } from 'node:http';

/**
 * The credential of a request to a model: `Authorization: Bearer …`, else `X-Api-Key`, as the clients
 * of both big formats send it, else the header of Google's clients or of Azure's. `undefined` when there is none in this shape.
 */
export function readCredential(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) {
    const key = headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers['api-key'];
    return typeof key === 'string' ? key : undefined;
  }
  const scheme = authorization.slice(0, 7);
  return scheme === 'Bearer ' || scheme.toLowerCase() === 'bearer '
    ? authorization.slice(7).trim()
    : undefined;
}
