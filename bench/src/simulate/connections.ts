import { Agent, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly retryAfterMs: number;
  /** Parsed; null without a body. */
  readonly body: unknown;
}

export type Post = (
  path: string,
  body: object,
  options: { headers: Readonly<Record<string, string>>; signal?: AbortSignal },
) => Promise<Answer>;

export interface Connections {
  readonly post: Post;
  /** Sockets that are open. */
  open(): number;
  close(): void;
}

/** As many kept connections as there are requests under way: a poll that waits has one to itself. */
export function openConnections(origin: string, ca: string | null = null): Connections {
  const isSecure = origin.startsWith('https:');
  const options = { keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity };
  const agent = isSecure
    ? new SecureAgent({ ...options, ...(ca === null ? {} : { ca }) })
    : new Agent(options);
  const request = isSecure ? requestHttps : requestHttp;
  const post: Post = (path, body, { headers, signal }) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const sent = request(`${origin}${path}`, {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          ...headers,
        },
        ...(signal ? { signal } : {}),
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (answer += chunk));
        response.on('error', reject);
        response.on('end', () => {
          const retryAfter = Number(response.headers['retry-after'] ?? 0);
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1_000 : 0,
            body: answer === '' ? null : (JSON.parse(answer) as unknown),
          });
        });
      });
      sent.end(text);
    });
  const count = (sockets: NodeJS.ReadOnlyDict<unknown[]>): number =>
    Object.values(sockets).reduce((sum, list) => sum + (list?.length ?? 0), 0);
  return {
    post,
    open: () => count(agent.sockets) + count(agent.freeSockets),
    close: () => agent.destroy(),
  };
}
