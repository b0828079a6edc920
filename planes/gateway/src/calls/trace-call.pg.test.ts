import type { Span } from '@sagewai/telemetry';
import { describe, expect } from 'vitest';

import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { answer, ask, askStream, CHUNK, routingTest as test } from '../routing/routing-fixture.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const traceparent = `00-${TRACE}-${PARENT}-01`;

describe('a call of a trace', () => {
  test('goes on under a part of its own, which is recorded when it is settled', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    const spans: Span[] = [];
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start({}, {}, { record: (span) => void spans.push(span) });
    const key = await makeKey(db, tenant);
    const headers = { authorization: `Bearer ${key.value}`, traceparent };
    const reply = await gateway.post('/v1/chat/completions', ask, headers);
    await reply.arrayBuffer();
    const [span] = spans;
    expect(spans).toHaveLength(1);
    expect(span?.context).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, isSampled: true });
    const sent = [...first.asked, ...second.asked].map((request) => request.headers['traceparent']);
    expect(new Set(sent)).toEqual(new Set([`00-${TRACE}-${span?.context.spanId}-01`]));
    expect(span).toMatchObject({
      name: 'chat m',
      kind: 'client',
      failure: null,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'm',
        'gen_ai.provider.name': 'compatible',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 5,
        'server.address': '127.0.0.1',
        'sagewai.call.id': reply.headers.get('x-litellm-call-id'),
        'sagewai.cost_usd': reply.headers.get('x-litellm-response-cost'),
        'sagewai.project.id': tenant.projectId,
      },
    });
    expect(JSON.stringify(spans)).not.toContain(key.value);
    expect(JSON.stringify(spans)).not.toContain('hello');
  });

  test('begins with a call where traces are kept, and one that is not sampled is not recorded', async ({
    second,
    tenant,
    start,
    db,
  }) => {
    const spans: Span[] = [];
    const gateway = await start(
      {},
      { deployments: [deploymentAt(second.url)] },
      { record: (span) => void spans.push(span) },
    );
    const key = await makeKey(db, tenant);
    second.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.end(`${CHUNK}data: [DONE]\n\n`);
    };
    await (await gateway.chat(key.value, askStream)).text();
    expect(spans[0]?.context).toMatchObject({ parentSpanId: null });
    expect(spans[0]?.attributes['sagewai.first_token_ms']).toBeGreaterThan(0);
    const headers = {
      authorization: `Bearer ${key.value}`,
      traceparent: `00-${TRACE}-${PARENT}-00`,
    };
    await (await gateway.post('/v1/chat/completions', askStream, headers)).text();
    expect(spans).toHaveLength(1);
    expect(second.asked[1]?.headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-.*-00$`));
    const text = await gateway.metrics();
    expect(text).toContain('sagewai_model_first_token_seconds_count{provider="compatible"} 2');
    expect(text).toContain('sagewai_model_call_seconds_count{provider="compatible"} 2');
    expect(text).toContain('sagewai_model_overhead_seconds_count 2');
  });

  test('is passed on where nobody keeps traces, and nothing is begun', async ({
    second,
    tenant,
    start,
    db,
  }) => {
    const gateway = await start({}, { deployments: [deploymentAt(second.url)] });
    const key = await makeKey(db, tenant);
    await (await gateway.chat(key.value, ask)).text();
    const headers = { authorization: `Bearer ${key.value}`, traceparent };
    await (await gateway.post('/v1/chat/completions', ask, headers)).text();
    const [without, within] = second.asked.map((request) => request.headers['traceparent']);
    expect(without).toBeUndefined();
    expect(within).toBe(traceparent);
  });
});
