import type { HttpTarget } from '../tool.ts';

export interface BuiltRequest {
  readonly kind: 'built';
  readonly method: HttpTarget['method'];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type Building =
  | BuiltRequest
  | { readonly kind: 'refused'; readonly path: string; readonly message: string };

/** Half of a pair of surrogates: no text that a URL can have. */
const HALF = /\p{Surrogate}/u;

type Args = Readonly<Record<string, unknown>>;

const PLACE = /\{([^{}]+)\}/g;
const PARTS = /^(https?:\/\/[^/?#]+)([^?#]*)(?:\?([^#]*))?$/i;

/** The arguments that a URL's path names. */
export const placesIn = (url: string): string[] =>
  [...(PARTS.exec(url)?.[2] ?? '').matchAll(PLACE)].map(([, name = '']) => name);

/**
 * A request, from what a model has written. Nothing in the arguments changes which host it goes to, nor leaves the
 * place in the path that was made for it (A5).
 */
export function buildRequest(target: HttpTarget, args: Args): Building {
  const [, origin = '', path = '', search = ''] = PARTS.exec(target.url) ?? [];
  const left = new Map(Object.entries(args));
  for (const name of placesIn(target.url)) {
    if (!isScalar(args[name]) || HALF.test(String(args[name])))
      return refuse(name, 'must be a text or a number: it is part of a path');
    left.delete(name);
  }
  const filled = path.replaceAll(PLACE, (_, name: string) =>
    encodeURIComponent(String(args[name])),
  );
  // Dots are not encoded, and a URL's parser takes a segment of them for a way up.
  if (filled.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part))) {
    return refuse(placesIn(target.url)[0] ?? '', 'must not lead to another path');
  }
  const headers: Record<string, string> = { accept: 'application/json', ...target.headers };
  for (const name of target.headerArguments) {
    const value = left.get(name);
    left.delete(name);
    if (value === undefined) continue;
    if (!isScalar(value) || !/^[\x20-\x7e]*$/.test(String(value))) {
      return refuse(name, 'must be printable ASCII: it is a header');
    }
    headers[name.toLowerCase()] = String(value);
  }
  const query = new URLSearchParams(search);
  const hasBody = target.method !== 'GET' && target.method !== 'DELETE';
  const isInQuery = (name: string): boolean => target.query.includes(name);
  for (const [name, value] of left) {
    if (hasBody && !isInQuery(name)) continue;
    left.delete(name);
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one !== undefined && one !== null) query.append(name, textOf(one));
    }
  }
  const body = hasBody ? bodyOf(target, left) : null;
  if (body !== null) headers['content-type'] ??= 'application/json';
  const asked = query.toString();
  const url = `${origin}${filled === '' ? '/' : filled}${asked === '' ? '' : `?${asked}`}`;
  return { kind: 'built', method: target.method, url, headers, body };
}

function bodyOf({ body }: HttpTarget, left: ReadonlyMap<string, unknown>): string | null {
  if (body !== null) return left.has(body) ? JSON.stringify(left.get(body)) : null;
  return JSON.stringify(Object.fromEntries(left));
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (typeof value === 'string' && value !== '');

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

const refuse = (name: string, message: string): Building => ({
  kind: 'refused',
  path: `/arguments/${name}`,
  message,
});
