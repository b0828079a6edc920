import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FileStore } from './file-store.ts';
import type { ObjectStore } from './object-store.ts';
import { S3Store } from './s3-store.ts';

export interface ObjectStoreOptions {
  /** `file:///folder` or `s3://bucket/prefix`; null: files in `folder`. */
  readonly url: string | null;
  readonly folder: string;
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Null: path style at an endpoint, the bucket's host at AWS. */
  readonly pathStyle: boolean | null;
  readonly keyId: string | null;
  readonly secret: string | null;
  readonly sessionToken: string | null;
  readonly retryMs?: number;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What is wrong with the settings, in a line for people; null: nothing. */
export function findStoreMistake(options: Omit<ObjectStoreOptions, 'folder'>): string | null {
  const { url, keyId, secret } = options;
  if (url === null) return null;
  const { protocol, host, hostname, search, username, password } = new URL(url);
  if (username !== '' || password !== '' || search !== '') {
    return 'OBJECT_STORE_URL carries no credentials and no query; AWS_ACCESS_KEY_ID does';
  }
  if (protocol === 'file:') {
    return hostname === '' ? null : 'OBJECT_STORE_URL of files is written file:///folder';
  }
  if (!BUCKET.test(host)) return 'OBJECT_STORE_URL does not name a bucket: s3://bucket/prefix';
  if (keyId === null || secret === null) {
    return 'OBJECT_STORE_URL names a bucket: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed';
  }
  return null;
}

/** Opens nothing yet. Throws a `TypeError` for settings that `findStoreMistake` complains of. */
export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  const mistake = findStoreMistake(options);
  if (mistake !== null) throw new TypeError(mistake);
  const { url, folder, endpoint, region, keyId, secret, sessionToken } = options;
  if (url === null) return new FileStore(folder);
  const place = new URL(url);
  if (place.protocol === 'file:') {
    const path = fileURLToPath(place);
    if (!isAbsolute(path)) throw new TypeError('OBJECT_STORE_URL needs a whole path');
    return new FileStore(path.replace(/\/+$/, ''));
  }
  const bucket = place.host;
  const path = decodeURIComponent(place.pathname).replace(/^\/+|\/+$/g, '');
  return new S3Store({
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    // A certificate for *.s3.amazonaws.com does not cover a bucket's name with points in it.
    pathStyle: options.pathStyle ?? (endpoint !== null || bucket.includes('.')),
    key: { id: keyId ?? '', secret: secret ?? '', sessionToken, region: region ?? 'us-east-1' },
    ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
  });
}
