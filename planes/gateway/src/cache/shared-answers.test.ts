import { generateKeySync } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { sealingKey } from '@sagewai/crypto';
import { expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { NO_USAGE } from '../money/usage.ts';
import { AnswerCache, type Kept } from './answer-cache.ts';
import { findKept, keepEverywhere } from './find-kept.ts';
import { SharedAnswers } from './shared-answers.ts';

const deployment = deploymentAt('http://127.0.0.1:1');
const kept: Kept = {
  body: Buffer.from('{"answer":"of a customer"}\n\u0000'),
  contentType: 'application/json',
  deployment,
  usage: { ...NO_USAGE, input: 5, output: 2 },
  costPusd: 12_345_678_901_234_567_890n,
};

function world(startMs = Date.UTC(2026, 10, 28)) {
  let nowMs = startMs;
  const clock = { ...systemClock, now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const rows = new Map<string, Buffer>();
  const store = {
    get: async (key: string) => rows.get(key) ?? null,
    set: async (key: string, value: Buffer) => Boolean(rows.set(key, value)),
  };
  const master = generateKeySync('hmac', { length: 256 });
  const open = (purpose = 'answer') =>
    new SharedAnswers({ store, sealing: [sealingKey(master, purpose)], clock });
  const cache = () => new AnswerCache({ bytesMax: 1_000_000, clock });
  return { rows, open, cache, pass: (ms: number) => (nowMs += ms) };
}

test('what one replica keeps another finds as it was, with its age and what is left to it', async () => {
  const { open, pass } = world();
  await open().keep('k', kept, 60_000);
  pass(10_000);
  expect(await open().find('k', [deployment])).toEqual({ kept, ageMs: 10_000, leftMs: 50_000 });
  pass(50_000);
  expect(await open().find('k', [deployment])).toBeNull();
});

test('nothing of it can be read, and nothing that was changed or moved is taken', async () => {
  const { open, rows } = world();
  await open().keep('k', kept, 60_000);
  const sealed = rows.get('answer:k') ?? Buffer.alloc(0);
  expect(sealed.toString('latin1')).not.toContain('customer');
  expect(Buffer.from(sealed.toString('latin1'), 'base64url').toString('latin1')).not.toContain(
    'customer',
  );
  rows.set('answer:other', sealed);
  expect(await open().find('other', [deployment])).toBeNull();
  expect(await open('another purpose').find('k', [deployment])).toBeNull();
  const changed = Buffer.from(sealed);
  changed[changed.length - 5] = (changed[changed.length - 5] ?? 0) === 0x41 ? 0x42 : 0x41;
  rows.set('answer:k', changed);
  expect(await open().find('k', [deployment])).toBeNull();
});

test('an answer of a deployment that serves the model no more is none', async () => {
  const { open } = world();
  await open().keep('k', kept, 60_000);
  expect(await open().find('k', [{ ...deployment, id: 'another' }])).toBeNull();
});

test('what was found is here from then on, as old as it is', async () => {
  const { open, cache, rows, pass } = world();
  const [one, other] = [
    { cache: cache(), shared: open() },
    { cache: cache(), shared: open() },
  ];
  keepEverywhere(one, 'k', { kept, ttlMs: 60_000 });
  pass(10_000);
  const of = { ageMsMax: Infinity, deployments: [deployment] };
  expect(await findKept(other, 'k', { ...of, ageMsMax: 9_999 })).toBeNull();
  expect(await findKept(other, 'k', of)).toMatchObject({ ageMs: 10_000 });
  rows.clear();
  expect(await findKept(other, 'k', of)).toMatchObject({ kept, ageMs: 10_000 });
  expect(other.cache.find('k', 9_999)).toBeNull();
  pass(50_000);
  expect(await findKept(other, 'k', of)).toBeNull();
});
