import { expect, test } from 'vitest';

import { type PastCall, type PastChoice, type Route, routeAgain } from './route-again.ts';

let made = 0;
const call = (
  model: string,
  deployment: string,
  kind: PastCall['kind'] = 'settlement',
): PastCall => {
  made += 1;
  return { id: `call ${made}`, kind, model, deployment };
};
const route = (model: string, chosen: string | null, all: readonly string[]): Route => ({
  requested_model: model,
  model,
  strategy: null,
  chosen,
  candidates: all.map((deployment) => ({
    deployment,
    provider: 'openai',
    upstream_model: model,
    weight: 1,
    order: 0,
    cools_for_ms: 0,
    is_full: false,
    in_flight: 0,
    latency_ms: null,
    tokens_this_minute: 0,
    passed_because: null,
  })),
  fallbacks: { generic: [], context_window: [], content_policy: [], budget: [] },
});

test('past calls stand by the way that they went, beside the way that they would go', () => {
  const fellBack = call('a', 'a2');
  const choice: PastChoice = {
    id: fellBack.id,
    requested_model: 'alias',
    fallback_index: 1,
    attempts: [{ deployment: 'a1', because: '500', call_id: null }],
  };
  const seen = routeAgain(
    [
      call('a', 'a1'),
      call('a', 'a1'),
      call('a', 'a1', 'correction'),
      fellBack,
      call('gone', 'g1'),
      call('one', 'o1'),
    ],
    new Map([[fellBack.id, choice]]),
    new Map([
      ['a', route('a', 'a2', ['a1', 'a2'])],
      ['alias', route('a', 'a2', ['a1', 'a2'])],
      ['one', route('one', null, ['o1'])],
    ]),
  );
  expect(
    seen.map(({ requested, deployment, calls, now, isOther }) => [
      requested,
      deployment,
      calls,
      now,
      isOther,
    ]),
  ).toEqual([
    ['a', 'a1', 2, 'a2', true],
    ['alias', 'a2', 1, 'a2', false],
    ['gone', 'g1', 1, null, true],
    ['one', 'o1', 1, 'o1', false],
  ]);
  expect(seen[1]).toMatchObject({ fellBack: 1, triedInVain: 1 });
});

test('where none of several is well, nothing is said to be chosen', () => {
  const routes = new Map([['a', route('a', null, ['a1', 'a2'])]]);
  expect(routeAgain([call('a', 'a1')], new Map(), routes)[0]?.now).toBeNull();
});
