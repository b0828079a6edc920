import {
  makeHpkeKeyPair,
  openPayload,
  openResult,
  readSealed,
  sealKeyText,
  sealPayload,
} from '@sagewai/seal';
import { expect, test } from 'vitest';

import type { Lease } from './lease.ts';
import { openSealed, quieted } from './sealed-run.ts';
import { RunFailed } from './workflows/workflow.ts';

const of = { organizationId: 'org', projectId: 'project' };
const lease: Lease = {
  runId: 'run',
  epoch: 7,
  orgId: of.organizationId,
  projectId: of.projectId,
  model: null,
  payload: null,
  contentKey: null,
  runToken: 'rt',
  resume: null,
};
const [own, other, submitter] = [makeHpkeKeyPair(), makeHpkeKeyPair(), makeHpkeKeyPair()];
const payload = sealPayload({ message: 'x' }, { ...of, recipients: [sealKeyText(own)], submitter });
const report = { run_id: 'run', epoch: 7, status: 'completed' } as const;

test('what is not sealed is not touched', () => {
  expect(openSealed({ message: 'x' }, lease, own)).toBeNull();
});

test('the payload is opened, and what is reported opens for the submitter alone', () => {
  const run = openSealed(payload, lease, own);
  expect(run?.payload).toEqual({ message: 'x' });
  const sealed = run?.seal({ ...report, output: { answer: 42 }, error: 'a reason' });
  expect(sealed).toMatchObject(report);
  expect(JSON.stringify(sealed)).not.toMatch(/answer|reason/);
  const read = readSealed(payload);
  const opened = read.kind === 'sealed' ? openPayload(read.envelope, submitter, of) : read;
  if (read.kind !== 'sealed' || opened.kind !== 'opened') throw new Error('not opened');
  const { envelope } = read;
  const context = { envelope, contentKey: opened.contentKey, runId: 'run' };
  const open = (text: unknown, part: 'output' | 'error', pair = submitter) =>
    openResult(String(text), pair, { ...context, part });
  expect(open(sealed?.output, 'output')).toBe('{"answer":42}');
  expect(open(sealed?.error, 'error')).toBe('a reason');
  expect(open(sealed?.output, 'output', own)).toBeNull();
  expect(run?.seal(report)).toEqual(report);
});

test.each([
  ['without a key', null, lease, /this worker has no sealing key/],
  ['for another key', other, lease, /it is not sealed for the key/],
  ['of another project', own, { ...lease, projectId: 'other' }, /sealed for another project/],
])('a payload that is sealed and comes %s fails the run, for good', (_, pair, to, why) => {
  expect(() => openSealed(payload, to, pair)).toThrow(why);
  try {
    openSealed(payload, to, pair);
  } catch (failure) {
    expect(failure).toBeInstanceOf(RunFailed);
    expect(failure).toMatchObject({ retry: false });
  }
});

test('on the way it says how far it is, and nothing else', async () => {
  const said: unknown[] = [];
  const quiet = quieted({
    log: (...words) => void said.push(words),
    emit: (...words) => void said.push(words),
    progress: (...words) => void said.push(words),
    close: async () => void said.push('closed'),
  });
  quiet.log('secret');
  quiet.emit('secret', 'secret');
  quiet.progress(0.5, 'secret');
  await quiet.close(0);
  expect(said).toEqual([[0.5], 'closed']);
});
