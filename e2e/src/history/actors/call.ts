import { setTimeout as pause } from 'node:timers/promises';

import { formatUsd } from '@sagewai/wire';

import { bearer } from '../../harness/api.ts';
import { picoOf } from '../../harness/model-config.ts';
import { type Arena, INPUT_PRICE, type ModelName, OUTPUT_PRICE } from '../arena.ts';
import type { Random } from '../random.ts';
import { type Key, leaveStream } from './leave-stream.ts';

const BURST_MAX = 14;
/** A key pays for about so many calls before it is at its edge. */
const CALLS_PER_LIMIT = 12;
const TOKENS_MAX = 60;
/** Shares are a part of what is left: of so much they are large enough for every call. */
const RICH = 1_000;

/**
 * Calls models in bursts with a key whose budget ends all the time; raises it a little, or takes
 * another key, and goes on at the edge; a rich one is never there. Leaves in the middle now and then.
 */
export async function callModels(
  arena: Arena,
  random: Random,
  { name, signal, rich = false }: { name: string; signal: AbortSignal; rich?: boolean },
): Promise<void> {
  const { journal } = arena;
  let administrator = bearer(arena.installation.secrets.administrator);
  let limitPico = 0n;
  const grow = (): bigint =>
    BigInt(random.between(1, CALLS_PER_LIMIT) * TOKENS_MAX * (rich ? RICH : 1)) *
    picoOf(OUTPUT_PRICE);

  async function makeKey(): Promise<Key | null> {
    limitPico = grow();
    const body = {
      name: `${name} ${journal.events.length}`,
      budget: { usd_per_day: formatUsd(limitPico), cap: random.chance(0.5) },
      ...(!rich && random.chance(0.3) ? { tokens_per_minute: 4_000, requests_per_minute: 60 } : {}),
    };
    const { answer } = await arena.send(random, '/api/v1/keys', { headers: administrator, body });
    return answer?.status === 201 ? (answer.json as Key) : null;
  }

  /** In one where nobody changes a limit, which calls all shares of it back. */
  async function moveOut(): Promise<boolean> {
    const { answer } = await arena.send(random, '/api/v1/organizations', {
      headers: administrator,
      body: { name },
    });
    if (answer?.status !== 201) return false;
    const { id } = answer.json as { id: string };
    administrator = { ...administrator, 'x-organization': id };
    return true;
  }

  async function raise({ id }: Key): Promise<void> {
    const raised = limitPico + grow();
    const { answer } = await arena.send(random, `/api/v1/keys/${id}`, {
      method: 'PATCH',
      headers: administrator,
      body: { budget: { usd_per_day: formatUsd(raised) } },
    });
    if (answer?.status === 200) limitPico = raised;
  }

  /** Whether the key still pays. */
  async function call(of: Key, exact: boolean): Promise<boolean> {
    if (random.chance(0.12)) return leaveStream(arena, random, of);
    const { id, key } = of;
    const model: ModelName = exact
      ? 'exact'
      : random.pick(['full', 'full', 'half', 'half', 'slow', 'dies', 'no-usage']);
    const stream = random.chance(0.4);
    const hides = stream && random.chance(0.4);
    const { answer } = await arena.send(random, '/v1/chat/completions', {
      headers: bearer(key),
      body: {
        model,
        messages: [{ role: 'user', content: 'x'.repeat(random.between(1, 80)) }],
        ...(exact || random.chance(0.9) ? { max_tokens: random.between(16, TOKENS_MAX) } : {}),
        ...(stream ? { stream: true } : {}),
        ...(stream && !hides ? { stream_options: { include_usage: true } } : {}),
      },
      lose: random.chance(0.08),
    });
    if (answer?.status === 429) journal.count('out of money');
    if (answer?.status !== 200) return answer?.status !== 429;
    const usage = stream ? usageOfStream(answer.text) : usageOf(answer.json);
    const callId = answer.headers.get('x-litellm-call-id');
    if (callId === null) throw new Error('an answer without x-litellm-call-id');
    if (usage === 'broken') return true;
    const isTold = usage !== 'untold';
    journal.record({
      kind: 'called',
      callId,
      keyId: id,
      usage: isTold ? 'told' : model === 'no-usage' ? 'never told' : 'hidden',
      costPico: isTold ? priceOf(model, usage) : 0n,
    });
    return true;
  }

  let key: Key | null = null;
  let isHome = !rich;
  while (!signal.aborted) {
    isHome ||= await moveOut();
    if (isHome) key ??= await makeKey();
    if (key === null) {
      await pause(random.between(20, 80));
      continue;
    }
    const exact = !rich && random.chance(0.4);
    const size = random.between(1, exact ? 2 * BURST_MAX : BURST_MAX);
    const burst = Array.from({ length: size }, () => call(key as Key, exact));
    const pays = (await Promise.all(burst)).every(Boolean);
    if (!pays && random.chance(0.7)) await raise(key);
    else if (!pays && random.chance(0.6)) key = null;
    await pause(random.between(1, 60));
  }
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** Broken: the answer did not come to its end, so nothing was acknowledged. */
type Told = Usage | 'untold' | 'broken';

const usageOf = (body: { usage?: Usage } | null): Told =>
  body === null ? 'broken' : (body.usage ?? 'untold');

function usageOfStream(text: string): Told {
  if (!text.endsWith('data: [DONE]\n\n') || text.includes('"error":')) return 'broken';
  const last = text.split('\n\n').findLast((event) => event.includes('"usage":'));
  if (last === undefined) return 'untold';
  return usageOf(JSON.parse(last.slice('data: '.length)) as { usage?: Usage });
}

const priceOf = (model: ModelName, usage: Usage): bigint =>
  (model === 'exact' ? 0n : BigInt(usage.prompt_tokens) * picoOf(INPUT_PRICE)) +
  BigInt(usage.completion_tokens) * picoOf(OUTPUT_PRICE);
