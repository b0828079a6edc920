/** The few calls that `up` makes to the server it has started, as the administrator. */
export interface ServerApi {
  readonly url: string;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  /** The models that a virtual key may call. */
  models(virtualKey: string): Promise<string[]>;
  /** Whether the server knows this access token. */
  knows(accessToken: string): Promise<boolean>;
  isReady(): Promise<boolean>;
}

export interface ServerApiOptions {
  readonly url: string;
  readonly adminToken: string;
  readonly organization: () => string | undefined;
  /** Ends calls under way. */
  readonly signal: AbortSignal;
}

export class CallFailed extends Error {
  readonly status: number;

  constructor(what: string, status: number, detail: string) {
    super(`${what} answered ${status}: ${detail}`);
    this.name = 'CallFailed';
    this.status = status;
  }
}

const TIMEOUT_MS = 45_000;

export function createServerApi(options: ServerApiOptions): ServerApi {
  const { url, adminToken, organization, signal } = options;
  const request = <Answer>(path: string, init: RequestInit): Promise<Answer> =>
    send<Answer>(`${url}${path}`, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  const call = <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const name = organization();
    return request<Answer>(path, {
      method,
      headers: {
        ...bearer(adminToken),
        'content-type': 'application/json',
        ...(name === undefined ? {} : { 'x-organization': name }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  return {
    url,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    models: async (virtualKey) => {
      const answer = await request<{ data: { id: string }[] }>('/v1/models', {
        headers: bearer(virtualKey),
      });
      return answer.data.map(({ id }) => id);
    },
    knows: async (accessToken) => {
      try {
        await request('/api/v1/whoami', { headers: bearer(accessToken) });
        return true;
      } catch (thrown) {
        if (thrown instanceof CallFailed) return thrown.status !== 401;
        throw thrown;
      }
    },
    isReady: async () => {
      try {
        const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
        await response.arrayBuffer();
        return response.ok;
      } catch {
        return false;
      }
    },
  };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function send<Answer>(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const body = (await response.json().catch(() => null)) as { detail?: string } | null;
  if (response.ok) return body as Answer;
  const what = `${init.method ?? 'GET'} ${new URL(url).pathname}`;
  throw new CallFailed(what, response.status, body?.detail ?? 'no reason given');
}
