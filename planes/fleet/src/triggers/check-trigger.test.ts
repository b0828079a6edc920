import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { type AskedTrigger, demandTrigger } from './check-trigger.ts';

const ASKED: AskedTrigger = {
  kind: 'webhook',
  webhook: { scheme: 'github' },
  filter: { '==': [{ var: 'body.action' }, 'opened'] },
  run: { payload: { a: '{{body.n}}' } },
  secret: 'a-github-secret',
};

const pathsOf = (asked: AskedTrigger, isNew = true): string[] => {
  try {
    demandTrigger(asked, isNew);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return (error.mistakes ?? []).map(({ path }) => path);
  }
};

test('what is whole is kept', () => {
  expect(pathsOf(ASKED)).toEqual([]);
  expect(pathsOf({ ...ASKED, secret: undefined })).toEqual([]);
  expect(pathsOf({ ...ASKED, webhook: { scheme: 'slack' }, secret: undefined }, false)).toEqual([]);
});

test.for<[Partial<AskedTrigger>, string]>([
  [{ filter: { evil: [1] } }, '/filter/evil'],
  [{ run: { payload: { a: ['{{process.env}}'] } } }, '/run/payload/a/0'],
  [{ run: { payload: {}, priority: 1_000 } }, '/run/priority'],
  [{ run: { payload: { a: 'x'.repeat(70_000) } } }, '/run'],
  [{ webhook: { scheme: 'hmac' } }, '/webhook/header'],
  [{ webhook: { scheme: 'github', prefix: 'x' } }, '/webhook/prefix'],
  [{ webhook: { scheme: 'github', delivery_id: '/id' } }, '/webhook/delivery_id'],
  [{ webhook: { scheme: 'stripe' }, secret: undefined }, '/secret'],
  [{ webhook: { scheme: 'standard' }, secret: 'whsec_!!!!!!!!!!!!!!!!!' }, '/secret'],
  [{ kind: 'poller' }, '/webhook'],
  [{ kind: 'poller', webhook: undefined }, '/poller'],
  [{ kind: 'cron', webhook: undefined, cron: { cron: '* * * * *' } }, '/run'],
])('%j is refused at %s', ([more, path]) => {
  expect(pathsOf({ ...ASKED, ...more })).toContain(path);
});
