/** What the managers have in common on the wire: one request through the egress, JSON back. */
import type { Egress } from '@sagewai/egress';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024;

export interface ManagerRequest {
  readonly method: 'GET' | 'POST';
  /** With path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class ManagerRefused extends Error {
  readonly status: number;

  constructor(who: string, status: number) {
    // Its words may quote what was asked.
    super(`${who} answered ${status}`);
    this.name = 'ManagerRefused';
    this.status = status;
  }
}

export async function askManager(
  egress: Egress,
  { method, url, headers, body }: ManagerRequest,
): Promise<Record<string, unknown>> {
  const { pathname, search, host } = new URL(url);
  const answer = await egress.pool(url).request({
    method,
    path: pathname + search,
    headers: { accept: 'application/json', ...headers },
    body: body ?? null,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer of ${host} has no end`);
    pieces.push(piece);
  }
  if (answer.statusCode !== 200) throw new ManagerRefused(host, answer.statusCode);
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
  } catch {
    throw new Error(`the answer of ${host} is no JSON`);
  }
}

/** A text deep in an answer; undefined when it is not there. */
export function textAt(from: unknown, ...path: readonly string[]): string | undefined {
  let at = from;
  for (const name of path) {
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  return typeof at === 'string' && at !== '' ? at : undefined;
}

export const googleUrl = (given: Readonly<Record<string, string | undefined>>): string =>
  given['CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER'] || 'https://secretmanager.googleapis.com';
