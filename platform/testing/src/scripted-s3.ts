import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What becomes of the next request instead of what it asks for. */
export type S3Fault =
  | { readonly status: number; readonly code: string; readonly region?: string }
  /** The head promises the whole object, and the connection ends in the middle of it. */
  | 'truncate'
  | 'hang up';

export interface S3Request {
  readonly method: string;
  readonly key: string;
}

const CREDENTIALS = { id: 'AKIDSCRIPTED', secret: 'scripted/secret+of/nobody' } as const;

/**
 * A bucket behind the S3 API on a real socket. It verifies each signature by its own reading of the
 * specification and shares no code with what signs; it answers errors in XML.
 */
export class ScriptedS3 {
  readonly bucket = 'sagewai-objects';
  readonly region = 'eu-central-1';
  readonly credentials = CREDENTIALS;
  readonly objects = new Map<string, { readonly bytes: Buffer; modifiedAt: Date }>();
  readonly requests: S3Request[] = [];
  sessionToken: string | null = null;
  pageSize = 1_000;
  /** A request is answered when this resolves; what it puts is there before. */
  gate: ((request: S3Request) => Promise<void>) | null = null;
  readonly #faults: S3Fault[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  static async start(): Promise<ScriptedS3> {
    const made = new ScriptedS3();
    await new Promise<void>((resolve) => void made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next requests fail so, one each. */
  fail(...faults: readonly S3Fault[]): void {
    this.#faults.push(...faults);
  }

  /** Makes everything older than it is. */
  age(ms: number): void {
    for (const each of this.objects.values()) {
      each.modifiedAt = new Date(each.modifiedAt.getTime() - ms);
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const url = new URL(request.url ?? '/', this.url);
    const isHosted = request.headers.host?.startsWith(`${this.bucket}.`) === true;
    const path = decodeURIComponent(url.pathname);
    const inBucket = isHosted || path === `/${this.bucket}` || path.startsWith(`/${this.bucket}/`);
    const key = path.slice(isHosted ? 1 : this.bucket.length + 2);
    const asked = { method: request.method ?? '', key };
    this.requests.push(asked);
    const fault = this.#faults.shift();
    if (fault === 'hang up') return void response.destroy();
    if (fault !== undefined && fault !== 'truncate') return sendError(response, fault);
    const refusal = this.#refusal(request, body);
    if (refusal !== null) return sendError(response, refusal);
    if (!inBucket) return sendError(response, { status: 404, code: 'NoSuchBucket' });
    if (asked.method === 'PUT') this.objects.set(key, { bytes: body, modifiedAt: new Date() });
    if (this.gate !== null) await this.gate(asked);
    if (asked.method === 'PUT') {
      return void response.writeHead(200).end();
    }
    if (asked.method === 'DELETE') {
      this.objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (url.searchParams.get('list-type') === '2') return this.#list(response, url.searchParams);
    const found = this.objects.get(key);
    if (found === undefined) return sendError(response, { status: 404, code: 'NoSuchKey' });
    response.writeHead(200, { 'content-length': found.bytes.length });
    if (fault !== 'truncate') return void response.end(found.bytes);
    response.write(found.bytes.subarray(0, found.bytes.length / 2), () => response.destroy());
  }

  /** By the rules of Signature Version 4, step by step. */
  #refusal(request: IncomingMessage, body: Buffer): Exclude<S3Fault, string> | null {
    const { headers } = request;
    const wrong = { status: 403, code: 'SignatureDoesNotMatch' };
    const match =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? '',
      );
    if (match === null) return { status: 403, code: 'AccessDenied' };
    const [, id = '', day = '', region = '', names = '', signature = ''] = match;
    if (id !== CREDENTIALS.id) return { status: 403, code: 'InvalidAccessKeyId' };
    if (region !== this.region) {
      return { status: 400, code: 'AuthorizationHeaderMalformed', region: this.region };
    }
    const time = String(headers['x-amz-date']);
    const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
    const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
    if (!(Math.abs(Date.now() - at) < 900_000))
      return { status: 403, code: 'RequestTimeTooSkewed' };
    if (headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex')) {
      return { status: 400, code: 'XAmzContentSHA256Mismatch' };
    }
    const signed = names.split(';');
    const demanded = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
    if (demanded.some((name) => !signed.includes(name))) return wrong;
    const token = headers['x-amz-security-token'] ?? null;
    if (token !== this.sessionToken) return { status: 403, code: 'InvalidToken' };
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const pairs = query === '' ? [] : query.split('&').map((pair) => pair.split('='));
    pairs.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    let canonical = `${request.method}\n${path}\n`;
    canonical += `${pairs.map(([name, value = '']) => `${name}=${value}`).join('&')}\n`;
    for (const name of signed) canonical += `${name}:${String(headers[name]).trim()}\n`;
    canonical += `\n${names}\n${String(headers['x-amz-content-sha256'])}`;
    const digest = createHash('sha256').update(canonical).digest('hex');
    const stringToSign = `AWS4-HMAC-SHA256\n${time}\n${day}/${region}/s3/aws4_request\n${digest}`;
    const hmac = (by: Buffer | string, text: string): Buffer =>
      createHmac('sha256', by).update(text, 'utf8').digest();
    const ofService = hmac(hmac(hmac(`AWS4${CREDENTIALS.secret}`, day), region), 's3');
    const expected = hmac(hmac(ofService, 'aws4_request'), stringToSign).toString('hex');
    return expected === signature ? null : wrong;
  }

  #list(response: ServerResponse, query: URLSearchParams): void {
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
      .toSorted();
    const page = keys.slice(0, this.pageSize);
    const isCut = keys.length > page.length;
    const contents = page.map((key) => {
      const { bytes, modifiedAt } = this.objects.get(key) ?? { bytes: '', modifiedAt: new Date() };
      return `<Contents><Key>${key}</Key><LastModified>${modifiedAt.toISOString()}</LastModified><Size>${bytes.length}</Size></Contents>`;
    });
    const more = `<IsTruncated>${isCut}</IsTruncated>${isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''}`;
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${more}${contents.join('')}</ListBucketResult>`;
    response.writeHead(200, { 'content-type': 'application/xml' }).end(xml);
  }
}

function sendError(
  response: ServerResponse,
  { status, code, region }: Exclude<S3Fault, string>,
): void {
  const where = region === undefined ? '' : `<Region>${region}</Region>`;
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code>${where}</Error>`);
}
