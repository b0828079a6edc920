import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, onTestFinished, test } from 'vitest';

import { createClient, type SagewaiClient } from './client.ts';
import { SagewaiError } from './error.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A scripted server on a real socket; answers are used in order, the last one for ever. */
async function scripted(...answers: Answer[]): Promise<{
  client: SagewaiClient;
  seen: { method: string; url: string; headers: Record<string, unknown>; body: string }[];
}> {
  const seen: { method: string; url: string; headers: Record<string, unknown>; body: string }[] =
    [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      answer?.(request, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { client: createClient({ url: `http://127.0.0.1:${port}/`, token: 'sat-x' }), seen };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));

describe('call', () => {
  test('fills path and query, sends the token and the body', async () => {
    const { client, seen } = await scripted(json(200, { id: RUN }));
    await client.call('runs.getRun', { params: { run_id: 'a/b' }, query: { wait_ms: 5 } });
    await client.call('runs.submitRun', { body: { payload: { x: 1 } } });
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/api/v1/runs/a%2Fb?wait_ms=5' });
    expect(seen[0]?.headers['authorization']).toBe('Bearer sat-x');
    expect(seen[1]).toMatchObject({ method: 'POST', body: '{"payload":{"x":1}}' });
  });

  test('a problem becomes an error with its code, detail and request id', async () => {
    const { client } = await scripted(
      json(404, { code: 'resource.missing', detail: 'there is no run', request_id: 'r1' }),
    );
    const failure = client.call('runs.getRun', { params: { run_id: RUN } });
    await expect(failure).rejects.toMatchObject({
      status: 404,
      code: 'resource.missing',
      detail: 'there is no run',
      requestId: 'r1',
      retryable: false,
    });
  });

  test('repeats what changes nothing, and not what does', async () => {
    const busy = json(503, { code: 'service.busy', detail: 'busy' });
    const { client, seen } = await scripted(busy, json(200, { id: RUN }), busy);
    await client.call('runs.getRun', { params: { run_id: RUN } });
    expect(seen).toHaveLength(2);
    await expect(client.call('runs.submitRun', { body: { payload: {} } })).rejects.toBeInstanceOf(
      SagewaiError,
    );
    expect(seen).toHaveLength(3);
  });

  test('repeats a submission that carries an idempotency key', async () => {
    const { client, seen } = await scripted(json(503, {}), json(201, { id: RUN }));
    await client.call('runs.submitRun', { body: { payload: {} } }, { idempotencyKey: 'k' });
    expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['k', 'k']);
  });

  test('an answer without a body is null', async () => {
    const { client } = await scripted((_, response) => void response.writeHead(204).end());
    expect(await client.call('fleet.claimRuns', { body: {} })).toBeNull();
  });

  test('an aborted call rejects with the reason of the signal', async () => {
    const { client } = await scripted(() => undefined);
    const stop = new AbortController();
    const waiting = client.call('fleet.claimRuns', { body: {} }, { signal: stop.signal });
    stop.abort(new Error('draining'));
    await expect(waiting).rejects.toThrow('draining');
  });

  test('a server that is not there is told by its address and the reason', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    closed.close();
    const client = createClient({ url, attemptsMax: 1 });
    await expect(client.call('runs.listRuns', {})).rejects.toMatchObject({
      status: 0,
      code: 'unreachable',
      detail: `cannot reach ${url} (ECONNREFUSED)`,
    });
  });
});
