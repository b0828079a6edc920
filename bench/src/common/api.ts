import { Pool } from 'undici';

export type Credentials = Readonly<Record<string, string>>;

/** Calls our server's API. Its connections stay open, as a worker's do. */
export interface Api {
  /** Throws when the answer is not a success; null for one without a body. */
  post(path: string, body: object, credentials?: Credentials): Promise<unknown>;
  put(path: string, body: object): Promise<unknown>;
  get(path: string, credentials?: Credentials): Promise<unknown>;
  close(): Promise<void>;
}

/** `credentials` go with every request that brings none of its own. */
export function createApi(origin: string, credentials: Credentials): Api {
  const pool = new Pool(origin, { connections: 128, headersTimeout: 70_000 });

  async function call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    { headers, body }: { headers: Credentials; body?: string },
  ): Promise<unknown> {
    const response = await pool.request({ method, path, headers, body: body ?? null });
    const text = await response.body.text();
    if (response.statusCode >= 300) {
      throw new Error(`${method} ${path} answered ${response.statusCode}: ${text.slice(0, 300)}`);
    }
    return text === '' ? null : (JSON.parse(text) as unknown);
  }

  const send = (
    method: 'POST' | 'PUT',
    path: string,
    body: object,
    own: Credentials,
  ): Promise<unknown> =>
    call(method, path, {
      headers: { 'content-type': 'application/json', ...own },
      body: JSON.stringify(body),
    });

  return {
    post: (path, body, own = credentials) => send('POST', path, body, own),
    put: (path, body) => send('PUT', path, body, credentials),
    get: (path, own = credentials) => call('GET', path, { headers: own }),
    close: () => pool.destroy(),
  };
}
