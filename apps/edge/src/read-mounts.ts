import { MountError, normalizeMountPath } from './mount.ts';

/** A gateway elsewhere, and where it is mounted. */
export interface RemoteMount {
  readonly host: string | null;
  readonly prefix: string;
  readonly url: string;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;

/** `/prefix=URL`, `host=URL` or `host/prefix=URL`. Throws `MountError`. */
export function readMount(text: string): RemoteMount {
  const end = text.indexOf('=');
  const where = end < 0 ? '' : text.slice(0, end).trim();
  const url = text.slice(end + 1).trim();
  const slash = where.indexOf('/');
  const host = slash < 0 ? where : where.slice(0, slash);
  if (where === '' || (host !== '' && !HOST.test(host)) || !isHttp(url)) {
    throw new MountError('expected /prefix=URL, host=URL or host/prefix=URL, with an http(s) URL');
  }
  return {
    host: host === '' ? null : host.toLowerCase(),
    prefix: normalizeMountPath(slash < 0 ? '/' : where.slice(slash)),
    url,
  };
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}
