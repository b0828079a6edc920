import { generateKeySync } from 'node:crypto';

import { sealingKey } from '@sagewai/crypto';
import { silentLog } from '@sagewai/log';
import { openRedis } from '@sagewai/redis';
import { createMetrics } from '@sagewai/telemetry';
import { hasRedis, startRedis } from '@sagewai/testing/redis-server';
import { expect, onTestFinished, vi } from 'vitest';

import { spendOf } from '../fixture.sql.ts';
import { deploymentAt, startGateway } from '../gateway-fixture.ts';
import { answerJson, worldTest as test } from '../world-fixture.ts';

const ASK = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
};
const PATIENCE = { timeout: 15_000, interval: 10 };

test.skipIf(!hasRedis())(
  'an answer that one replica kept is told by another, and asked for anew when Redis is dead',
  async ({ db, owner, upstream, key }) => {
    let asked = 0;
    upstream.answer = (_, reply) => answerJson(reply, { ...ANSWER, id: `chatcmpl-${++asked}` });
    const server = await startRedis();
    onTestFinished(() => server.kill());
    const sealing = [sealingKey(generateKeySync('hmac', { length: 256 }), 'answer')] as const;
    const start = async () => {
      const metrics = createMetrics();
      const store = openRedis({
        url: server.url,
        prefix: 'test:',
        log: silentLog,
        metrics,
        retryDelayMsMax: 60,
      });
      onTestFinished(() => store.close());
      const gateway = await startGateway(db, {
        deployments: [deploymentAt(upstream.url)],
        cache: { when: 'always', ttlMs: 60_000, bytesMax: 1024 * 1024 },
        sharedAnswers: { store, sealing },
      });
      onTestFinished(() => gateway.close());
      await vi.waitFor(
        async () => expect(await metrics.render()).toContain('sagewai_redis_up 1'),
        PATIENCE,
      );
      return { gateway, store };
    };
    const [here, there, late] = [await start(), await start(), await start()];
    const first = await (await here.gateway.chat(key, ASK)).text();
    await vi.waitFor(async () => {
      const reply = await there.gateway.chat(key, ASK);
      expect(reply.headers.get('x-sagewai-cache')).toBe('hit');
      expect(await reply.text()).toBe(first);
    }, PATIENCE);
    expect((await spendOf(owner)).map(({ source }) => source)).toContain('cache');

    await server.kill();
    const before = asked;
    const anew = await late.gateway.chat(key, ASK);
    expect(anew.status).toBe(200);
    expect(anew.headers.get('x-sagewai-cache')).toBe('miss');
    expect(asked).toBe(before + 1);
  },
);
