import {
  type CallInput,
  type CallOptions,
  type CallOutput,
  createClient,
  SagewaiError,
  type SagewaiClient,
  type Send,
  type StreamEvents,
  type StreamOptions,
} from '@sagewai/sdk';
import type { EndpointTable } from '@sagewai/wire';
import { type QueryKey, queryOptions } from '@tanstack/react-query';

import { createStore } from '../store.ts';
import { proveAgain } from './prove-again.ts';

export type EndpointId = keyof EndpointTable;

/** For whom and where it is asked. Never stored: a token is forgotten with the tab, a session is a cookie. */
export interface Connection {
  /** Of an administrator who has no account; null: the cookie of a login session. */
  readonly token: string | null;
  /** Null: the caller's own. */
  readonly organization: string | null;
  readonly project: string | null;
}

export const connection = createStore<Connection>({
  token: null,
  organization: null,
  project: null,
});

/** `lost` from the first call that reaches nobody until the server answers again. */
export const reach = createStore<'there' | 'lost'>('there');

/** Where the server is, as the page's own address says; without the slash at its end. */
export const SERVER_URL = new URL('.', document.baseURI).href.replace(/\/$/, '');

/** What makes a request one of this page and not of another site's form. */
const CSRF = { 'x-sagewai-csrf': '1' } as const;

/** Calls one endpoint. What asks for a fresh proof of who is there gets it, and is asked once more. */
export async function call<Id extends EndpointId>(
  id: Id,
  input: CallInput<Id>,
  options: CallOptions = {},
  send?: Send,
): Promise<CallOutput<Id>> {
  try {
    return await callOnce(id, input, options, send);
  } catch (thrown) {
    if (!(thrown instanceof SagewaiError && thrown.code === 'caller.stale')) throw thrown;
    await proveAgain();
    return callOnce(id, input, options, send);
  }
}

async function callOnce<Id extends EndpointId>(
  id: Id,
  input: CallInput<Id>,
  options: CallOptions,
  send: Send | undefined,
): Promise<CallOutput<Id>> {
  try {
    const answer = await clientNow(send).call(id, input, options);
    reach.set('there');
    return answer;
  } catch (thrown) {
    if (thrown instanceof SagewaiError && thrown.code === 'unreachable') reach.set('lost');
    throw thrown;
  }
}

/** For whom and where it is asked at this moment. */
function clientNow(send?: Send): SagewaiClient {
  const { token, organization, project } = connection.get();
  return createClient({
    url: SERVER_URL,
    headers: CSRF,
    attemptsMax: 1,
    ...(send === undefined ? {} : { send }),
    ...(token === null ? {} : { token }),
    ...(organization === null ? {} : { organization }),
    ...(project === null ? {} : { project }),
  });
}

/** What an endpoint of server-sent events says; whether the server is reached, the calls beside it find out. */
export const hear = <Id extends keyof StreamEvents>(
  id: Id,
  input: CallInput<Id>,
  options: StreamOptions,
): AsyncIterable<StreamEvents[Id]> => clientNow().stream(id, input, options);

/** A question to the server, under a key by which its answer is found again. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the library's own type names a key that nobody writes
export const ask = <Id extends EndpointId>(id: Id, input: CallInput<Id>) =>
  queryOptions({
    queryKey: [id, input] as QueryKey,
    queryFn: ({ signal }) => call(id, input, { signal }),
  });
