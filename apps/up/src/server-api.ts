/** The few calls that `up` makes to the server it has started, as the administrator. */
export interface ServerApi {
  readonly url: string;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  /** The models that a virtual key may call. */
  models(virtualKey: string): Promise<string[]>;
  isReady(): Promise<boolean>;
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

export function createServerApi(
  url: string,
  adminToken: string,
  organization: () => string | undefined,
): ServerApi {
  const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const name = organization();
    return request<Answer>(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
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
      const headers = { authorization: `Bearer ${virtualKey}` };
      const answer = await request<{ data: { id: string }[] }>(`${url}/v1/models`, { headers });
      return answer.data.map(({ id }) => id);
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

async function request<Answer>(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const body = (await response.json().catch(() => null)) as { detail?: string } | null;
  if (response.ok) return body as Answer;
  const what = `${init.method ?? 'GET'} ${new URL(url).pathname}`;
  throw new CallFailed(what, response.status, body?.detail ?? 'no reason given');
}
