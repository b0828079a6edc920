import { expect, test } from 'vitest';

import type { Resume } from '../lease.ts';
import { demandApproval } from './approval.ts';
import { RunFailed, RunWaits } from './workflow.ts';

const said: string[] = [];
const voice = {
  log: (text: string) => void said.push(text),
  progress: () => undefined,
  emit: () => undefined,
};
const resumed = (kind: Resume['kind'], by: string | null = 'token:ann'): Resume => ({
  kind,
  name: 'start',
  value: null,
  by,
});

test('a run that asks nobody goes on, and one that was approved says by whom', () => {
  for (const asked of [undefined, null, false]) demandApproval(asked, null, voice);
  demandApproval(true, resumed('approved'), voice);
  expect(said.splice(0)).toEqual(['approved by token:ann']);
});

test('a run that asks waits, as it wishes', () => {
  expect(() => demandApproval(true, null, voice)).toThrow(RunWaits);
  const asked = { name: 'cost', prompt: 'Spend $5?', timeout_seconds: 60 };
  try {
    demandApproval(asked, null, voice);
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toMatchObject({
      wait: { for: 'approval', name: 'cost', prompt: 'Spend $5?', timeoutSeconds: 60 },
    });
  }
});

test('a run that has waited for its children since was approved before', () => {
  said.length = 0;
  demandApproval(true, resumed('children', null), voice);
  demandApproval(true, { ...resumed('timeout', null), name: 'children' }, voice);
  expect(said.splice(0)).toEqual([]);
});

test.each([
  [resumed('denied'), 'denied by token:ann'],
  [resumed('timeout', null), 'nobody approved it in time'],
])('%j ends it', (resume, message) => {
  expect(() => demandApproval(true, resume, voice)).toThrow(new RunFailed(message));
});

test.each([[1], ['yes'], [[]], [{ name: '' }], [{ prompt: 1 }], [{ timeout_seconds: -1 }]])(
  '%j is no approval',
  (asked) => {
    expect(() => demandApproval(asked, null, voice)).toThrow(/approval must be/);
  },
);
