import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { continueTrace } from '@sagewai/telemetry';

import type { Passage } from './target.ts';

/** Of one connection, not of a message. `expect` is answered here; `host` names the upstream. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Said by the edge itself, whatever the client says. */
const OWN: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]);

/** What a gateway elsewhere is told: names and values in turns. */
export function headersToUpstream(request: IncomingMessage, passage: Passage): string[] {
  const { rawHeaders, headers } = request;
  const named = namedByConnection(headers.connection);
  const passed: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (NOT_PASSED.has(name) || OWN.has(name) || named?.has(name) === true) continue;
    if (name === 'traceparent' && !isSane(headers['traceparent'])) continue;
    passed.push(name, rawHeaders[at + 1] ?? '');
  }
  passed.push('x-request-id', passage.requestId, 'x-forwarded-for', chainOf(request, passage));
  const { 'x-forwarded-proto': proto, 'x-forwarded-host': host } = headers;
  const believed = (value: string | string[] | undefined): string | undefined =>
    passage.isTrusted && typeof value === 'string' ? value : undefined;
  passed.push('x-forwarded-proto', believed(proto) ?? passage.scheme);
  const named_ = believed(host) ?? headers.host;
  if (named_ !== undefined) passed.push('x-forwarded-host', named_);
  if (passage.prefix !== '/') passed.push('x-forwarded-prefix', passage.prefix);
  return passed;
}

/** The addresses on the way here, of which those before a stranger's are his own words. */
function chainOf(request: IncomingMessage, { isTrusted }: Passage): string {
  const peer = request.socket.remoteAddress ?? '';
  const given = request.headers['x-forwarded-for'];
  return isTrusted && typeof given === 'string' ? `${given}, ${peer}` : peer;
}

/** What the client is told: all but what concerns the connection to the gateway. */
export function headersToClient(
  headers: IncomingHttpHeaders,
  { prefix, requestId }: Passage,
  basePath: string,
): IncomingHttpHeaders {
  const named = namedByConnection(headers.connection);
  for (const name of NOT_PASSED) if (name in headers) delete headers[name];
  if (named !== null) for (const name of named) delete headers[name];
  headers['x-request-id'] ??= requestId;
  // Typed as one; undici gives a list of what came twice.
  const location: string | string[] | undefined = headers.location;
  if (location === undefined || (prefix === '/' && basePath === '')) return headers;
  const moved = (each: string): string => movedBelow(prefix, basePath, each);
  const places: Record<string, string | string[]> = {
    location: Array.isArray(location) ? location.map(moved) : moved(location),
  };
  return Object.assign(headers, places);
}

/** A gateway knows nothing of the prefix; what leads elsewhere is left alone. */
function movedBelow(prefix: string, basePath: string, location: string): string {
  if (!/^\/(?!\/)/.test(location)) return location;
  const isBelow = basePath !== '' && location.startsWith(`${basePath}/`);
  const below = isBelow ? location.slice(basePath.length) : location;
  return `${prefix === '/' ? '' : prefix}${below}`;
}

function namedByConnection(value: string | string[] | undefined): Set<string> | null {
  const names = Array.isArray(value) ? value.join() : value;
  if (names === undefined || /^(?:keep-alive|close)$/i.test(names)) return null;
  return new Set(names.split(',').map((name) => name.trim().toLowerCase()));
}

/** One that is not would have every gateway behind decide anew what to make of it. */
const isSane = (traceparent: string | string[] | undefined): boolean =>
  continueTrace(traceparent, false) !== null;
