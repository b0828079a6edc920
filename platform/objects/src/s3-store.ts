import { setTimeout as wait } from 'node:timers/promises';

import { createEgress, type Egress, type EgressOptions } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';

import { checkKey, checkPrefix, type FoundObject, type ObjectStore } from './object-store.ts';
import { readListing, readS3Error, type S3Error } from './read-s3-answer.ts';
import { escapeStrictly, queryText, type SigningKey, signV4 } from './sign-v4.ts';

export interface S3Options {
  readonly bucket: string;
  /** Before every key: empty, or ends with a slash. */
  readonly prefix: string;
  /** Null: AWS itself. */
  readonly endpoint: string | null;
  /** `https://endpoint/bucket/key` instead of `https://bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  readonly key: SigningKey;
  readonly timeoutMs?: number;
  /** Before the second try at most; doubled with every one. */
  readonly retryMs?: number;
  readonly connectionsMax?: number;
  readonly resolve?: EgressOptions['resolve'];
}

interface Call {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** With the prefix; empty: the bucket itself. */
  readonly name: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

interface S3Answer {
  readonly status: number;
  readonly date: string | undefined;
  readonly region: string | undefined;
  readonly body: Buffer;
}

const TRIES = 4;
const LATER = new Set([429, 500, 502, 503, 504]);

export class S3Store implements ObjectStore {
  readonly kind = 's3';
  readonly place: string;
  readonly #options: S3Options;
  readonly #egress: Egress;
  readonly #base: URL;

  constructor(options: S3Options) {
    const { bucket, prefix, endpoint, pathStyle, key, timeoutMs = 30_000 } = options;
    this.#options = options;
    this.place = `s3://${bucket}/${prefix}`;
    const base = new URL(endpoint ?? `https://s3.${key.region}.amazonaws.com`);
    if (!pathStyle) base.hostname = `${bucket}.${base.hostname}`;
    this.#base = base;
    this.#egress = createEgress({
      allowed: [base.href],
      headersTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
      connectionsMax: options.connectionsMax ?? 32,
      ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#call({ method: 'PUT', name: this.#name(key), body: bytes });
  }

  async get(key: string): Promise<Buffer | null> {
    const answer = await this.#call({ method: 'GET', name: this.#name(key) });
    return answer?.body ?? null;
  }

  async delete(key: string): Promise<void> {
    await this.#call({ method: 'DELETE', name: this.#name(key) });
  }

  async *list(prefix: string): AsyncIterable<readonly FoundObject[]> {
    const { prefix: own } = this.#options;
    const query = { 'list-type': '2', prefix: `${own}${checkPrefix(prefix)}` };
    for (let token: string | null = ''; token !== null;) {
      const more: Record<string, string> = token === '' ? {} : { 'continuation-token': token };
      const answer: S3Answer | null = await this.#call({
        method: 'GET',
        name: '',
        query: { ...query, ...more },
      });
      const page = answer && readListing(answer.body.toString());
      const now = Date.parse(answer?.date ?? '');
      if (page === null || Number.isNaN(now)) throw broken('a listing of S3 cannot be read');
      yield page.objects.map(({ key, modifiedAt }) => ({
        key: key.slice(own.length),
        ageMs: now - modifiedAt.getTime(), // O4
      }));
      token = page.next;
    }
  }

  close(): Promise<void> {
    return this.#egress.destroy();
  }

  #name(key: string): string {
    return `${this.#options.prefix}${checkKey(key)}`;
  }

  /** Null: there is no such object. */
  async #call(call: Call): Promise<S3Answer | null> {
    const { retryMs = 200 } = this.#options;
    for (let tried = 1; ; tried += 1) {
      const answer = await this.#send(call).catch((error: unknown) => {
        if (error instanceof Fault) throw error;
        return error instanceof Error ? error : new Error('the connection broke');
      });
      if (!(answer instanceof Error)) {
        if (answer.status === 200 || answer.status === 204) return answer;
        const error = readS3Error(answer.body.toString());
        if (answer.status === 404 && error.code !== 'NoSuchBucket' && call.name !== '') return null;
        if (!LATER.has(answer.status) || tried === TRIES) throw this.#refused(call, answer, error);
      } else if (tried === TRIES) {
        throw new Fault('service.unavailable', `${call.method} at the object store failed`, {
          detail: 'The object store does not answer.',
          cause: answer,
        });
      }
      await wait(Math.random() * retryMs * 2 ** (tried - 1));
    }
  }

  async #send({ method, name, query = {}, body }: Call): Promise<S3Answer> {
    const { bucket, pathStyle, key } = this.#options;
    const root = this.#base.pathname.replace(/\/$/, '');
    const segments = [...(pathStyle ? [bucket] : []), ...(name === '' ? [] : name.split('/'))];
    const path = `${root}/${segments.map(escapeStrictly).join('/')}`;
    const unsigned = { method, path, query, headers: { host: this.#base.host } };
    const headers = signV4({ ...unsigned, body: body ?? null }, key, new Date());
    const text = queryText(query);
    const answer = await this.#egress.pool(this.#base.href).request({
      method,
      path: text === '' ? path : `${path}?${text}`,
      headers,
      body: body ?? null,
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    const header = (of: string): string | undefined => {
      const value = answer.headers[of];
      return Array.isArray(value) ? value[0] : value;
    };
    const said = header('content-length');
    if (said !== undefined && answer.statusCode === 200 && Number(said) !== bytes.length) {
      throw new Error('the answer ended early'); // O2
    }
    const region = header('x-amz-bucket-region');
    return { status: answer.statusCode, date: header('date'), region, body: bytes };
  }

  #refused(call: Call, answer: S3Answer, { code, region }: S3Error): Fault {
    const { key } = this.#options;
    const at = region ?? answer.region;
    const elsewhere = at !== undefined && at !== key.region;
    const mend = elsewhere ? `; the bucket is in ${at}: set OBJECT_STORE_REGION` : '';
    return broken(`S3 answered ${call.method} with ${answer.status} ${code}${mend}`);
  }
}

const broken = (message: string): Fault =>
  new Fault('service.unavailable', message, { detail: 'The object store does not answer.' });
