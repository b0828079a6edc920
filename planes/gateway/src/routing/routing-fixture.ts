import type { ServerResponse } from 'node:http';

import type { Span } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';

import { forgetCalls } from '../fixture.sql.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import {
  deploymentAt,
  FAST_ROUTING,
  type FakeUpstream,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import type { Deployment } from '../models/deployment.ts';
import type { Routing } from './routing.ts';

interface World {
  readonly first: FakeUpstream;
  readonly second: FakeUpstream;
  readonly tenant: Tenant;
  /** Two deployments of one model, unless told otherwise. */
  readonly start: (
    routing?: Partial<Routing>,
    changes?: Partial<GatewayConfig>,
    more?: { readonly record?: (span: Span) => void },
  ) => Promise<RunningGateway>;
}

/**
 * A gateway between a client and two scripted providers; the second answers unless it is told otherwise. The
 * tests of a file share a database: each has a tenant of its own, and finds no calls of the others.
 */
export const routingTest = fileDatabaseTest.extend<World>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  first: async ({}, use) => {
    const upstream = await startFakeUpstream();
    await use(upstream);
    await upstream.close();
  },
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  second: async ({}, use) => {
    const upstream = await startFakeUpstream();
    upstream.answer = (_, reply) => answer(reply, 200);
    await use(upstream);
    await upstream.close();
  },
  tenant: async ({ db, owner }, use) => {
    await forgetCalls(owner);
    await use(await makeTenant(db));
  },
  start: async ({ db, first, second }, use) => {
    const running: RunningGateway[] = [];
    await use(async (routing = {}, changes = {}, more = {}) => {
      const gateway = await startGateway(db, {
        deployments: pair(first, second),
        routing: { ...FAST_ROUTING, ...routing },
        ...changes,
        ...more,
      });
      running.push(gateway);
      return gateway;
    });
    await Promise.all(running.map((gateway) => gateway.close()));
  },
});

export function pair(
  first: FakeUpstream,
  second: FakeUpstream,
  of: readonly [Partial<Deployment>, Partial<Deployment>] = [{}, {}],
): Deployment[] {
  return [
    deploymentAt(first.url, { id: 'first', ...of[0] }),
    deploymentAt(second.url, { id: 'second', ...of[1] }),
  ];
}

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
};
export const COST = 10n * 1_000n + 5n * 10_000n;

export function answer(reply: ServerResponse, status: number, headers = {}): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers });
  const body = status === 200 ? ANSWER : { error: { message: `says ${status}`, type: 'x' } };
  reply.end(JSON.stringify(body));
}

export const CHUNK = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: null }] })}\n\n`;

export const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
export const askStream = { ...ask, stream: true };
