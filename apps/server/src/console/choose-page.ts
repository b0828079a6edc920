/** What a path of the console leads to. */
export type Choice =
  | { readonly kind: 'page' }
  /** A built file; its name tells its content, so it never changes. */
  | { readonly kind: 'asset'; readonly name: string }
  | { readonly kind: 'none' };

const ASSET = /^\/console\/assets\/([A-Za-z0-9_-][A-Za-z0-9_.-]*\.[a-z0-9]+)$/;

/** Only browsers are answered with pages; `/` is the endpoint map of everybody else. */
export function choosePage(method: string, path: string, accept = ''): Choice {
  if (method !== 'GET' && method !== 'HEAD') return { kind: 'none' };
  const name = ASSET.exec(path)?.[1];
  if (name !== undefined) return { kind: 'asset', name };
  const isOurs = path === '/' || path === '/console' || path.startsWith('/console/');
  const isAsset = path.startsWith('/console/assets');
  return isOurs && !isAsset && accept.includes('text/html') ? { kind: 'page' } : { kind: 'none' };
}

/**
 * What a page's own addresses are relative to: the place of the server, seen from the path. A proxy that cuts a
 * prefix off needs no setting then. An address that people were told (PUBLIC_URL) with a path says it outright.
 */
export function baseOf(path: string, publicUrl: string | null): string {
  const told = publicUrl === null ? '/' : new URL(publicUrl).pathname;
  if (told !== '/') return told.endsWith('/') ? told : `${told}/`;
  return '../'.repeat(path.split('/').length - 2) || './';
}

/** The best of what was compressed at build time. */
export function chooseEncoding(acceptEncoding = ''): readonly ('br' | 'gzip')[] {
  const wanted = acceptEncoding
    .split(',')
    .filter((each) => !/;\s*q=0(?:\.0*)?\s*$/.test(each))
    .map((each) => each.split(';')[0]?.trim());
  return (['br', 'gzip'] as const).filter((each) => wanted.includes(each));
}
