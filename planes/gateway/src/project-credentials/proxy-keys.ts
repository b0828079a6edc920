import { Fault } from '@sagewai/fault';
import type { Dispatcher } from 'undici';

import { type Endpoint, placeOf } from '../models/deployment.ts';

/** A LiteLLM proxy as its administrator asks it: with the key that the operator gave us for it. */
export interface ProxyKeys {
  /** Its value. */
  make(endpoint: Endpoint, wanted: object): Promise<string>;
  /** One that is not there is deleted. */
  remove(endpoint: Endpoint, key: string): Promise<void>;
}

const TIMEOUT_MS = 5_000;
const NOT_FOUND = 404;

export function createProxyKeys(poolOf: (url: string) => Pick<Dispatcher, 'request'>): ProxyKeys {
  const post = async (
    endpoint: Endpoint,
    path: string,
    body: object,
  ): Promise<{ readonly status: number; readonly answer: unknown }> => {
    const prefix = new URL(endpoint.baseUrl).pathname.replace(/\/v1$/, '');
    const key = endpoint.credential?.reveal();
    try {
      const { statusCode: status, body: answer } = await poolOf(endpoint.baseUrl).request({
        method: 'POST',
        path: prefix + path,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await answer.text();
      return { status, answer: status === 200 ? (JSON.parse(text) as unknown) : null };
    } catch (cause) {
      throw refused(endpoint, `could not be asked for ${path}`, cause);
    }
  };
  return {
    make: async (endpoint, wanted) => {
      const { status, answer } = await post(endpoint, '/key/generate', wanted);
      const { key } = (answer ?? {}) as { key?: unknown };
      if (typeof key === 'string' && key !== '') return key;
      throw refused(endpoint, `answered ${status} to /key/generate`);
    },
    remove: async (endpoint, key) => {
      const { status } = await post(endpoint, '/key/delete', { keys: [key] });
      if (status === 200 || status === NOT_FOUND) return;
      throw refused(endpoint, `answered ${status} to /key/delete`);
    },
  };
}

function refused(endpoint: Endpoint, what: string, cause?: unknown): Fault {
  const place = placeOf(endpoint);
  return new Fault('upstream.refused', `the proxy at ${place} ${what}`, {
    detail: `The LiteLLM proxy at ${place} ${what}. Nothing was changed here; LITELLM_API_KEY must be a key that administers keys there.`,
    cause,
  });
}
