import { randomUUID } from 'node:crypto';
import { mkdir, open, opendir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { Fault } from '@sagewai/fault';

import { checkKey, checkPrefix, type FoundObject, type ObjectStore } from './object-store.ts';

const PAGE = 500;
/** No key has this form: a part of a key does not begin with a point. */
const TEMPORARY = '.tmp-';
const LEFT_BEHIND_MS = 24 * 3_600_000;
/** A folder that another call removes, because it was empty, is made again. */
const TRIES = 5;

export class FileStore implements ObjectStore {
  readonly kind = 'files';
  readonly place: string;

  constructor(folder: string) {
    this.place = folder;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(checkKey(key));
    await toFault('written', async () => {
      for (let tried = 1; ; tried += 1) {
        try {
          return await this.#write(path, bytes);
        } catch (error) {
          if (!isMissing(error) || tried === TRIES) throw error;
        }
      }
    });
  }

  async get(key: string): Promise<Buffer | null> {
    const path = this.#path(checkKey(key));
    return toFault('read', () => readFile(path).catch(missing(null)));
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(checkKey(key));
    await toFault('deleted', async () => {
      await rm(path).catch(missing(undefined));
      for (let folder = dirname(path); folder !== this.place; folder = dirname(folder)) {
        // Not empty, or gone: others see to it.
        const isRemoved = await rmdir(folder).then(
          () => true,
          () => false,
        );
        if (!isRemoved) return;
      }
    });
  }

  async *list(prefix: string): AsyncIterable<readonly FoundObject[]> {
    let page: FoundObject[] = [];
    for await (const { path, isTemporary } of walk(this.#path(checkPrefix(prefix)))) {
      const found = await stat(path).catch(missing(null));
      if (found === null) continue;
      const ageMs = Date.now() - found.mtimeMs;
      if (isTemporary) {
        if (ageMs > LEFT_BEHIND_MS) await rm(path, { force: true });
        continue;
      }
      page.push({ key: relative(this.place, path).split(sep).join('/'), ageMs });
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #path(key: string): string {
    return join(this.place, ...key.split('/'));
  }

  /** O2. */
  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(path);
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `${TEMPORARY}${randomUUID()}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    const top = made === undefined ? folder : dirname(made);
    for (let each = folder; ; each = dirname(each)) {
      await syncFolder(each);
      if (each === top || dirname(each) === each) return;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function* walk(
  folder: string,
): AsyncIterable<{ readonly path: string; readonly isTemporary: boolean }> {
  const entries = await opendir(folder).catch(missing(null));
  if (entries === null) return;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield { path, isTemporary: entry.name.startsWith(TEMPORARY) };
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

const missing =
  <Value>(value: Value) =>
  (error: unknown): Value => {
    if (isMissing(error)) return value;
    throw error;
  };

async function toFault<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw new Fault('service.unavailable', `an object could not be ${what}`, {
      detail: 'The object store does not answer.',
      cause: error,
    });
  }
}
