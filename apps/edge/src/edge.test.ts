import { once } from 'node:events';
import { request as askPlain } from 'node:http';

import { describe, expect, test } from 'vitest';

import { startTestEdge, startUpstream, untilReady } from './edge-fixture.ts';

const CHAT = '{"model":"gpt-4o","messages":[]}';

/** `fetch` sets Host itself. */
function askHost(address: string, host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = askPlain(`${address}${path}`, { headers: { host } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      answer.on('end', () => resolve(body));
    });
    asked.on('error', reject).end();
  });
}

describe('an edge before a gateway', () => {
  test('passes a call on with its body and its credential, below the prefix, and answers as the gateway does', async () => {
    const upstream = await startUpstream((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += piece));
      request.on('end', () => {
        const { authorization, 'x-request-id': id } = request.headers;
        response.writeHead(201, { 'content-type': 'application/json', 'x-kept': 'yes' });
        response.end(JSON.stringify({ url: request.url, body, authorization, id }));
      });
    });
    const { address } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: upstream.url,
      SAGE_EDGE_LLM_PREFIX: '/api/llm',
    });
    const answer = await fetch(`${address}/api/llm/v1/chat/completions?a=b`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-1', 'x-request-id': 'mine' },
      body: CHAT,
    });
    expect([answer.status, answer.headers.get('x-kept')]).toEqual([201, 'yes']);
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(await answer.json()).toEqual({
      url: '/v1/chat/completions?a=b',
      body: CHAT,
      authorization: 'Bearer sk-1',
      id: 'mine',
    });
    expect((await fetch(`${address}/v1/models`)).status).toBe(404);
  });

  test('passes an answer that says its connection, or where to go, twice', async () => {
    const upstream = await startUpstream((_, response) => {
      const twice = ['Connection', 'x-one', 'Connection', 'x-two', 'X-One', '1', 'X-Two', '2'];
      response.writeHead(302, [...twice, 'Location', '/a', 'Location', '//b.example.com/']).end();
    });
    const { address } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: upstream.url,
      SAGE_EDGE_LLM_PREFIX: '/llm',
    });
    const { status, headers } = await fetch(`${address}/llm/v1`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, '/llm/a, //b.example.com/']);
    expect([headers.get('x-one'), headers.get('x-two')]).toEqual([null, null]);
  });

  test('passes a large body as it comes', async () => {
    let bytes = 0;
    const upstream = await startUpstream((request, response) => {
      request.on('data', (piece: Buffer) => (bytes += piece.length));
      request.on('end', () => response.end('whole'));
    });
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    const body = Buffer.alloc(3_000_000, 'x');
    const answer = await fetch(`${address}/v1/files`, { method: 'POST', body });
    expect([await answer.text(), bytes]).toEqual(['whole', 3_000_000]);
  });

  test('passes each piece of a stream before the next one is made (U1)', async () => {
    const heard = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const upstream = await startUpstream((_, response) => {
      void (async () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
        await heard[0]?.promise;
        response.write('data: 2\n\n');
        await heard[1]?.promise;
        response.end('data: [DONE]\n\n');
      })();
    });
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    const answer = await fetch(`${address}/v1/chat/completions`, { method: 'POST', body: CHAT });
    const pieces: string[] = [];
    for await (const piece of answer.body ?? []) {
      pieces.push(Buffer.from(piece as Uint8Array).toString());
      heard[pieces.length - 1]?.resolve();
    }
    expect(pieces).toEqual(['data: 1\n\n', 'data: 2\n\n', 'data: [DONE]\n\n']);
  });

  test('tells the gateway when the client leaves (U2)', async () => {
    const left = Promise.withResolvers<void>();
    const upstream = await startUpstream((_, response) => {
      response.on('close', () => left.resolve());
      response.write('data: 1\n\n');
    });
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    const leaving = new AbortController();
    const answer = await fetch(`${address}/v1/x`, { signal: leaving.signal });
    await answer.body?.getReader().read();
    leaving.abort();
    await expect(left.promise).resolves.toBeUndefined();
  });

  test('never makes half an answer look whole (U3)', async () => {
    const upstream = await startUpstream((_, response) => {
      response.write('data: 1\n\n', () => response.destroy());
    });
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    const answer = await fetch(`${address}/v1/x`);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  test('answers in the shape of the surface when the gateway breaks off before it has answered (U4)', async () => {
    const upstream = await startUpstream((_, response) => void response.destroy());
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    const post = async (path: string): Promise<unknown[]> => {
      const answer = await fetch(`${address}${path}`, { method: 'POST', body: CHAT });
      return [answer.status, await answer.json()];
    };
    expect(await post('/v1/chat/completions')).toMatchObject([
      502,
      { error: { code: 'upstream.broken' } },
    ]);
    expect(await post('/v1/messages')).toMatchObject([502, { type: 'error' }]);
    expect(await post('/api/v1/runs')).toMatchObject([
      502,
      { code: 'upstream.broken', status: 502 },
    ]);
  });
});

describe('an edge whose gateway is not up', () => {
  test('is alive but not ready, says when to come again, and is ready once the gateway is', async () => {
    const first = await startUpstream((_, response) => response.end('here'));
    const port = Number(new URL(first.url).port);
    await first.stop();
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: first.url });
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    const readiness = await fetch(`${address}/readyz`);
    expect([readiness.status, await readiness.json()]).toMatchObject([
      503,
      { status: 'unready', service: 'SAGE Edge', upstreams: [{ mount: '/', ready: false }] },
    ]);
    const refused = await fetch(`${address}/v1/models`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    await startUpstream((_, response) => response.end('here'), port);
    await untilReady(address);
    expect(await (await fetch(`${address}/v1/models`)).text()).toBe('here');
  });

  test('hears that one has gone by the first call that does not reach it', async () => {
    const upstream = await startUpstream((_, response) => response.end('here'));
    const { address } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: upstream.url,
      SAGE_EDGE_PROBE_INTERVAL: '1h',
    });
    await untilReady(address);
    await upstream.stop();
    expect((await fetch(`${address}/v1/models`)).status).toBe(503);
    await untilReady(address, 'unready');
  });
});

describe('an edge before several gateways', () => {
  test('chooses by host and prefix, and is degraded without one of them', async () => {
    const says = (name: string) =>
      startUpstream((request, response) => response.end(`${name} ${request.url}`));
    const [main, eu, us] = await Promise.all([says('main'), says('eu'), says('us')]);
    const mounts = `/eu=${eu.url}/base,us.example.com=${us.url}`;
    const { address } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: main.url,
      SAGE_EDGE_MOUNTS: mounts,
    });
    const text = async (path: string): Promise<string> => (await fetch(`${address}${path}`)).text();
    expect(await text('/v1/models')).toBe('main /v1/models');
    expect(await text('/eu/v1/models')).toBe('eu /base/v1/models');
    expect(await askHost(address, 'us.example.com', '/eu/v1')).toBe('us /eu/v1');
    await us.stop();
    await untilReady(address, 'degraded');
  });
});

describe('an edge', () => {
  test('sends a browser on from the bare prefix, and everybody else to the gateway (D6)', async () => {
    const upstream = await startUpstream((request, response) => response.end(request.url));
    const { address } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: upstream.url,
      SAGE_EDGE_LLM_PREFIX: '/llm',
    });
    const ask = (accept: string): Promise<Response> =>
      fetch(`${address}/llm?a=b`, { headers: { accept }, redirect: 'manual' });
    const page = await ask('text/html');
    expect([page.status, page.headers.get('location')]).toEqual([308, '/llm/?a=b']);
    expect(await (await ask('application/json')).text()).toBe('/?a=b');
  });

  test('limits each client, and tells it when to come again', async () => {
    const upstream = await startUpstream((_, response) => response.end('here'));
    const { address, metricsAddress } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: upstream.url,
      SAGE_EDGE_RATE_PER_SECOND: '0.1',
      SAGE_EDGE_RATE_BURST: '1',
      SAGE_EDGE_RATE_BY: 'credential',
      SAGE_EDGE_METRICS_PORT: '0',
    });
    const ask = async (key: string): Promise<unknown[]> => {
      const { status, headers } = await fetch(`${address}/v1/models`, {
        headers: { 'x-api-key': key },
      });
      return [status, headers.get('retry-after')];
    };
    expect(await ask('one')).toEqual([200, null]);
    expect(await ask('one')).toEqual([429, '10']);
    expect(await ask('two')).toEqual([200, null]);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    const metrics = await (await fetch(`${metricsAddress}/metrics`)).text();
    expect(metrics).toContain('sagewai_edge_limited_total 1');
    expect(metrics).toContain('sagewai_edge_requests_total{mount="/",status="2xx"} 2');
    expect(metrics).toContain('sagewai_edge_in_flight 0');
  });

  test('takes so many requests at one moment', async () => {
    const begun = Promise.withResolvers<() => void>();
    const upstream = await startUpstream((_, response) =>
      begun.resolve(() => response.end('here')),
    );
    const { address } = await startTestEdge({
      SAGE_EDGE_UPSTREAM: upstream.url,
      SAGE_EDGE_IN_FLIGHT_MAX: '1',
    });
    const first = fetch(`${address}/v1/a`);
    const finish = await begun.promise;
    expect((await fetch(`${address}/v1/b`)).status).toBe(503);
    finish();
    expect((await first).status).toBe(200);
  });

  test('lets what is under way end, refuses what is new, and says that it is not ready', async () => {
    const begun = Promise.withResolvers<() => void>();
    const upstream = await startUpstream((_, response) => {
      response.write('data: 1\n\n');
      begun.resolve(() => response.end('data: [DONE]\n\n'));
    });
    const edge = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    await untilReady(edge.address);
    const stream = await fetch(`${edge.address}/v1/chat/completions`);
    const finish = await begun.promise;
    const stopped = edge.stop();
    const refused = await fetch(`${edge.address}/v1/models`);
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    await untilReady(edge.address, 'draining');
    finish();
    expect(await stream.text()).toBe('data: 1\n\ndata: [DONE]\n\n');
    await stopped;
    await expect(fetch(`${edge.address}/healthz`)).rejects.toThrow('fetch failed');
  });

  test('goes back to the socket that a browser keeps open', async () => {
    const upstream = await startUpstream((_, response) => response.writeHead(204).end());
    const { address } = await startTestEdge({ SAGE_EDGE_UPSTREAM: upstream.url });
    const asked = askPlain(`${address}/v1/x`, { method: 'HEAD' }).end();
    const [answer] = (await once(asked, 'response')) as [{ statusCode: number }];
    expect(answer.statusCode).toBe(204);
  });
});
