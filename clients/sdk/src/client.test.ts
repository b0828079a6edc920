import { scriptedServer } from '@sagewai/testing/scripted-server';
import { describe, expect, test } from 'vitest';

import { createClient, type RoutingConstraints, type SagewaiClient } from './client.ts';
import { SagewaiError } from './error.ts';
import { createNodeSend } from './node-send.ts';
import { sendByFetch } from './send.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';
const SUBMITTED = { id: RUN, created: true, pool: 'default', model: null };
const PAGE = { runs: [], next_cursor: null };

const transports = [
  ['fetch', sendByFetch],
  ['node:http', createNodeSend()],
] as const;

describe.each(transports)('call by %s', (_, send) => {
  const clientOf = ({ url }: { url: string }, more: object = {}): SagewaiClient =>
    createClient({ url: `${url}/`, token: 'sat-x', send, ...more });

  test('fills path and query, sends the token and the body', async () => {
    const server = await scriptedServer();
    const client = clientOf(server, { organization: 'acme', project: 'p' });
    server.on('runs.listRuns', () => ({ json: PAGE }));
    server.on('runs.submitRun', () => ({ json: SUBMITTED, status: 201 }));
    await client.call('runs.listRuns', { query: { state: 'queued', limit: 5 } });
    await client.call('runs.submitRun', { body: { payload: { x: 1 } } });
    const [list] = server.asked('runs.listRuns');
    expect(list).toMatchObject({
      query: { state: 'queued', limit: '5' },
      headers: { authorization: 'Bearer sat-x', 'x-organization': 'acme', 'x-project-id': 'p' },
    });
    expect(server.asked('runs.submitRun')[0]?.body).toEqual({ payload: { x: 1 } });
  });

  test('a run is submitted with its constraints, and once though the first answer is lost', async () => {
    const server = await scriptedServer();
    let tries = 0;
    server.on('runs.submitRun', () => {
      tries += 1;
      return tries === 1 ? { status: 503, json: {} } : { json: SUBMITTED, status: 201 };
    });
    const routing: RoutingConstraints = { strategy: 'least_loaded', worker_labels: { zone: 'a' } };
    const answer = await clientOf(server).submitRun({ payload: {}, routing });
    expect(answer).toEqual(SUBMITTED);
    const [first, second] = server.asked('runs.submitRun');
    expect(second?.body).toEqual({ payload: {}, routing });
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  });

  test('a part of a path is encoded, and an empty one is refused', async () => {
    const server = await scriptedServer();
    const missing = { code: 'organization.missing', detail: 'none' };
    server.on('identity.getOrganization', () => ({ status: 404, json: missing }));
    const read = (organization: string): Promise<unknown> =>
      clientOf(server).call('identity.getOrganization', { params: { organization } });
    await expect(read('a/b ?')).rejects.toMatchObject({ code: 'organization.missing' });
    expect(server.asked('identity.getOrganization')[0]?.params).toEqual({ organization: 'a/b ?' });
    await expect(read('')).rejects.toThrow('organization is empty');
    server.on('artifacts.readPart', () => ({ json: { part: 0, data: '' } }));
    await clientOf(server).call('artifacts.readPart', { params: { artifact_id: RUN, part: 0 } });
    expect(server.asked('artifacts.readPart')[0]?.params).toEqual({ artifact_id: RUN, part: '0' });
  });

  test('a problem becomes an error with its code, detail and request id', async () => {
    const server = await scriptedServer();
    const problem = { code: 'resource.missing', detail: 'there is no run', request_id: 'r1' };
    server.on('runs.getRun', () => ({ status: 404, json: problem }));
    const failure = clientOf(server).call('runs.getRun', { params: { run_id: RUN } });
    await expect(failure).rejects.toMatchObject({
      status: 404,
      code: 'resource.missing',
      detail: 'there is no run',
      requestId: 'r1',
      retryable: false,
    });
  });

  test('repeats what changes nothing, and not what does', async () => {
    const server = await scriptedServer();
    const busy = { status: 503, json: { code: 'service.busy', detail: 'busy' } };
    server.on('runs.listRuns', (_, nth) => (nth === 1 ? busy : { json: PAGE }));
    server.on('runs.submitRun', () => busy);
    await clientOf(server).call('runs.listRuns', {});
    expect(server.asked('runs.listRuns')).toHaveLength(2);
    const submit = clientOf(server).call('runs.submitRun', { body: { payload: {} } });
    await expect(submit).rejects.toBeInstanceOf(SagewaiError);
    expect(server.asked('runs.submitRun')).toHaveLength(1);
  });

  test('repeats a submission that carries an idempotency key', async () => {
    const server = await scriptedServer();
    server.on('runs.submitRun', (_, nth) =>
      nth === 1 ? 'hang up' : { json: SUBMITTED, status: 201 },
    );
    const options = { idempotencyKey: 'k' };
    await clientOf(server).call('runs.submitRun', { body: { payload: {} } }, options);
    const keys = server.asked('runs.submitRun').map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual(['k', 'k']);
  });

  test('does not wait for a server that asks for more than a minute', async () => {
    const server = await scriptedServer();
    const headers = { 'retry-after': '3600' };
    server.on('runs.listRuns', () => ({ status: 429, headers, json: { detail: 'out' } }));
    await expect(clientOf(server).call('runs.listRuns', {})).rejects.toMatchObject({
      status: 429,
      retryAfterMs: 3_600_000,
    });
    expect(server.asked('runs.listRuns')).toHaveLength(1);
  });

  test('an answer without a body is null', async () => {
    const server = await scriptedServer();
    server.on('fleet.claimRuns', () => ({ status: 204 }));
    expect(await clientOf(server).call('fleet.claimRuns', { body: {} })).toBeNull();
  });

  test.each(['call', 'client'])('an aborted call rejects with the reason (%s)', async (whose) => {
    const server = await scriptedServer();
    server.on('fleet.claimRuns', () => 'silence');
    const stop = new AbortController();
    const { signal } = stop;
    const client = clientOf(server, whose === 'client' ? { signal } : {});
    const options = whose === 'call' ? { signal } : {};
    const waiting = client.call('fleet.claimRuns', { body: {} }, options);
    await server.reached('fleet.claimRuns');
    stop.abort(new Error('draining'));
    await expect(waiting).rejects.toThrow('draining');
  });

  test('a server that says nothing is told from one that is not there', async () => {
    const server = await scriptedServer();
    const client = clientOf(server, { attemptsMax: 1, timeoutMs: 50 });
    server.on('runs.listRuns', () => 'silence');
    await expect(client.call('runs.listRuns', {})).rejects.toMatchObject({
      status: 0,
      detail: `cannot reach ${server.url} (no answer in time)`,
    });
    await server.stop();
    await expect(client.call('runs.listRuns', {})).rejects.toMatchObject({
      status: 0,
      code: 'unreachable',
      detail: `cannot reach ${server.url} (ECONNREFUSED)`,
    });
  });

  test.each([
    ['a page of a proxy', { status: 200, text: '<html>' }],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.test/' }, text: '' }],
    ['another service', { status: 404, text: 'Not Found' }],
  ])('%s is told as such, and the token goes nowhere else', async (__, reply) => {
    const server = await scriptedServer();
    server.on('runs.listRuns', () => reply);
    await expect(clientOf(server).call('runs.listRuns', {})).rejects.toMatchObject({
      retryable: false,
      detail: `${server.url} answered ${reply.status}, but not as Sagewai does; is the address right?`,
    });
    expect(server.asked('runs.listRuns')).toHaveLength(1);
  });

  test('an answer in pieces, in any language, is whole', async () => {
    const server = await scriptedServer();
    const runs = Array.from({ length: 2_000 }, () => 'größer 日本語 \u{1f511}').join();
    const problem = { code: 'resource.missing', detail: runs };
    server.on('runs.listRuns', () => ({ status: 404, json: problem }));
    await expect(clientOf(server).call('runs.listRuns', {})).rejects.toMatchObject({
      detail: runs,
    });
  });

  test('an answer that breaks off in the middle is none', async () => {
    const server = await scriptedServer();
    const headers = { 'content-length': '1000' };
    server.on('runs.listRuns', () => ({ headers, text: '{"runs"', breaksOff: true }));
    const client = clientOf(server, { attemptsMax: 1 });
    await expect(client.call('runs.listRuns', {})).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('a token that cannot be sent is not repeated in the error', async () => {
    const client = createClient({ url: 'http://127.0.0.1:1', token: 'sat-\u{1f511}secret', send });
    await expect(client.call('runs.listRuns', {})).rejects.toThrow(
      /^the header authorization cannot hold this value(?!.*secret)/,
    );
  });
});

const RUN_ID = '0199aaaa-0000-7000-8000-000000000001';

test('whatever was asked of a server that restarts is asked again: it had not begun', async () => {
  const server = await scriptedServer();
  const draining = {
    status: 503,
    headers: { 'retry-after': '0' },
    json: { code: 'service.draining', detail: 'restarts' },
  };
  server.on('runs.cancelRun', (_asked, nth) =>
    nth < 3 ? draining : { json: { id: RUN_ID, state: 'cancelled', cancel_requested: false } },
  );
  const client = createClient({ url: server.url });
  const answer = await client.call('runs.cancelRun', { params: { run_id: RUN_ID } });
  expect(answer.state).toBe('cancelled');
});
