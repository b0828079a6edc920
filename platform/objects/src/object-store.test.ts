import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ScriptedS3 } from '@sagewai/testing/scripted-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { FileStore } from './file-store.ts';
import type { FoundObject, ObjectStore } from './object-store.ts';
import { findStoreMistake, openObjectStore } from './open-object-store.ts';
import { probeStore } from './probe-store.ts';
import { S3Store } from './s3-store.ts';

interface Kept {
  readonly store: ObjectStore;
  /** Makes what is there older. */
  readonly age: (key: string, ms: number) => Promise<void>;
}

let s3: ScriptedS3;
let folder: string;
const stores: ObjectStore[] = [];
beforeEach(async () => {
  s3 = await ScriptedS3.start();
  folder = join(await mkdtemp(join(tmpdir(), 'objects-')), 'objects');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await s3.stop();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

function s3Store(of: Partial<ConstructorParameters<typeof S3Store>[0]> = {}): S3Store {
  const { id, secret } = s3.credentials;
  const store = new S3Store({
    bucket: s3.bucket,
    prefix: 'at/home & away/',
    endpoint: s3.url,
    pathStyle: true,
    key: { id, secret, sessionToken: null, region: s3.region },
    retryMs: 1,
    timeoutMs: 5_000,
    ...of,
  });
  stores.push(store);
  return store;
}

const all = async (store: ObjectStore, prefix: string): Promise<FoundObject[]> => {
  const found: FoundObject[] = [];
  for await (const page of store.list(prefix)) found.push(...page);
  return found.toSorted((one, other) => (one.key < other.key ? -1 : 1));
};

const KINDS: readonly (readonly [string, () => Kept])[] = [
  [
    'files',
    () => ({
      store: new FileStore(folder),
      age: async (key, ms) => {
        const at = (Date.now() - ms) / 1_000;
        await utimes(join(folder, key), at, at);
      },
    }),
  ],
  [
    's3',
    () => ({
      store: s3Store(),
      age: (_, ms) => Promise.resolve(s3.age(ms)),
    }),
  ],
];

describe.each(KINDS)('a store of %s', (_, open) => {
  test('gives back what was put, and null for what is not there (O2)', async () => {
    const { store } = open();
    const bytes = Buffer.from([0, 255, 10, 13, ...Buffer.from('é"<&>')]);
    await store.put('a/b-1/c', bytes);
    expect(await store.get('a/b-1/c')).toEqual(bytes);
    expect(await store.get('a/b-1/d')).toBeNull();
    await store.put('a/empty', Buffer.alloc(0));
    expect(await store.get('a/empty')).toEqual(Buffer.alloc(0));
  });

  test('deletes, also what is not there, and takes the same key again', async () => {
    const { store } = open();
    await store.put('a/b/c', Buffer.from('1'));
    await store.delete('a/b/c');
    await store.delete('a/b/c');
    expect(await store.get('a/b/c')).toBeNull();
    await store.put('a/b/c', Buffer.from('2'));
    expect(String(await store.get('a/b/c'))).toBe('2');
  });

  test('lists what is below a prefix and nothing beside it, with its age (O4)', async () => {
    const { store, age } = open();
    for (const key of ['a/1/x', 'a/2/y', 'ab/1/z', 'b/1/w']) await store.put(key, Buffer.from(key));
    await age('a/2/y', 60_000);
    const found = await all(store, 'a/');
    expect(found.map(({ key }) => key)).toEqual(['a/1/x', 'a/2/y']);
    expect(found[1]?.ageMs).toBeGreaterThan(55_000);
    expect(found[1]?.ageMs).toBeLessThan(120_000);
    expect(await all(store, 'c/')).toEqual([]);
  });

  test.each(['', '/a', 'a/', '../a', 'a/../b', 'a//b', 'A', 'a b', '.tmp-1', 'a/.', 'a\\b', 'é'])(
    'refuses the key "%s" (O1)',
    async (key) => {
      const { store } = open();
      await expect(store.put(key, Buffer.alloc(1))).rejects.toThrow(TypeError);
      await expect(store.get(key)).rejects.toThrow(TypeError);
      await expect(store.delete(key)).rejects.toThrow(TypeError);
      expect(await readdir(join(folder, '..'))).toEqual([]);
      expect(s3.requests).toEqual([]);
    },
  );

  test('many at once, put and deleted in the same folder', async () => {
    const { store } = open();
    const keys = Array.from({ length: 60 }, (_each, n) => `a/shared/${n}`);
    await Promise.all(
      keys.map(async (key, n) => {
        await store.put(key, Buffer.from(key));
        if (n % 2 === 0) await store.delete(key);
      }),
    );
    expect(await all(store, 'a/')).toHaveLength(30);
  });

  test('is probed without a trace', async () => {
    const { store } = open();
    expect((await probeStore(store)).latencyMs).toBeGreaterThanOrEqual(0);
    expect(await all(store, 'probe/')).toEqual([]);
  });
});

describe('files', () => {
  test('belong to the server alone, and folders that are empty go', async () => {
    const store = new FileStore(folder);
    await store.put('a/b/c', Buffer.from('1'));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'a/b'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'a/b/c'))).mode & 0o777).toBe(0o600);
    await store.delete('a/b/c');
    expect(await readdir(folder)).toEqual([]);
  });

  test('what a crash left half written is no object, and goes after a day (O2)', async () => {
    const store = new FileStore(folder);
    await mkdir(join(folder, 'a'), { recursive: true });
    const left = join(folder, 'a', '.tmp-1');
    await writeFile(left, 'half');
    expect(await all(store, 'a/')).toEqual([]);
    expect(await readFile(left, 'utf8')).toBe('half');
    const at = Date.now() / 1_000 - 25 * 3_600;
    await utimes(left, at, at);
    await all(store, 'a/');
    await expect(stat(left)).rejects.toThrow('ENOENT');
  });

  test('a disk that refuses is told as such', async () => {
    await writeFile(folder, 'in the way');
    await expect(new FileStore(folder).put('a/b', Buffer.from('1'))).rejects.toMatchObject({
      code: 'service.unavailable',
    });
  });
});

describe('S3', () => {
  test.each([
    [{ status: 503, code: 'SlowDown' }],
    [{ status: 500, code: 'InternalError' }],
    ['hang up' as const],
  ])('%o is tried again, and no more than four times', async (fault) => {
    const store = s3Store();
    s3.fail(fault, fault, fault);
    await store.put('a/b', Buffer.from('1'));
    expect(s3.requests).toHaveLength(4);
    s3.fail(fault, fault, fault, fault);
    await expect(store.get('a/b')).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(s3.requests).toHaveLength(8);
  });

  test('an object that ends early is read again (O2)', async () => {
    const store = s3Store();
    const bytes = Buffer.alloc(200_000, 'x');
    await store.put('a/b', bytes);
    s3.fail('truncate');
    expect(await store.get('a/b')).toEqual(bytes);
    s3.fail('truncate', 'truncate', 'truncate', 'truncate');
    await expect(store.get('a/b')).rejects.toMatchObject({ code: 'service.unavailable' });
  });

  test('a bucket elsewhere is told with its region, and not tried again', async () => {
    const { id, secret } = s3.credentials;
    const key = { id, secret, sessionToken: null, region: 'us-east-1' };
    await expect(s3Store({ key }).get('a/b')).rejects.toThrow(
      'AuthorizationHeaderMalformed; the bucket is in eu-central-1: set OBJECT_STORE_REGION',
    );
    expect(s3.requests).toHaveLength(1);
  });

  test('a wrong secret, an unknown key and a bucket that is none', async () => {
    const { id, secret } = s3.credentials;
    const of = { sessionToken: null, region: s3.region };
    const wrong = s3Store({ key: { ...of, id, secret: 'x' } });
    await expect(wrong.put('a/b', Buffer.from('1'))).rejects.toThrow('SignatureDoesNotMatch');
    const unknown = s3Store({ key: { ...of, id: 'AKIDOTHER', secret } });
    await expect(unknown.get('a/b')).rejects.toThrow('InvalidAccessKeyId');
    await expect(s3Store({ bucket: 'no-such' }).get('a/b')).rejects.toThrow('NoSuchBucket');
    expect(s3.objects.size).toBe(0);
  });

  test('temporary credentials', async () => {
    const { id, secret } = s3.credentials;
    s3.sessionToken = 'of-a-session';
    await expect(s3Store().get('a/b')).rejects.toThrow('InvalidToken');
    const key = { id, secret, sessionToken: 'of-a-session', region: s3.region };
    expect(await s3Store({ key }).get('a/b')).toBeNull();
  });

  test('the bucket in the name of the host', async () => {
    const store = s3Store({
      endpoint: `http://s3.invalid:${s3.port}`,
      pathStyle: false,
      resolve: (_host, answer) => answer(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    await store.put('a/b', Buffer.from('1'));
    expect([...s3.objects.keys()]).toEqual(['at/home & away/a/b']);
    expect((await all(store, 'a/')).map(({ key }) => key)).toEqual(['a/b']);
  });

  test('a listing of many pages is whole', async () => {
    const store = s3Store({ prefix: '' });
    s3.pageSize = 2;
    for (const n of [1, 2, 3, 4, 5]) await store.put(`a/${n}`, Buffer.from('1'));
    s3.fail({ status: 503, code: 'SlowDown' });
    expect((await all(store, 'a/')).map(({ key }) => key)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `a/${n}`),
    );
  });
});

describe('settings', () => {
  const none = {
    url: null,
    endpoint: null,
    region: null,
    pathStyle: null,
    keyId: null,
    secret: null,
    sessionToken: null,
  };
  test.each([
    ['s3://bucket/prefix', 'AWS_ACCESS_KEY_ID'],
    ['s3://Bucket_', 'does not name a bucket'],
    ['s3://key:secret@bucket', 'no credentials'],
    ['file://relative/folder', 'file:///folder'],
  ])('%s is refused: %s', (url, why) => {
    expect(findStoreMistake({ ...none, url })).toContain(why);
    expect(() => openObjectStore({ ...none, url, folder })).toThrow(why);
  });

  test('files at home, files elsewhere, and a bucket', () => {
    expect(openObjectStore({ ...none, folder }).place).toBe(folder);
    expect(openObjectStore({ ...none, folder, url: 'file:///srv/a%20b/' }).place).toBe('/srv/a b');
    const s3Options = { ...none, url: 's3://bucket/a/b', keyId: 'k', secret: 's', folder };
    const bucket = openObjectStore(s3Options);
    stores.push(bucket);
    expect(bucket.place).toBe('s3://bucket/a/b/');
  });
});
