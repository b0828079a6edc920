import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { createWorkerRenewals, type WorkerRenewals } from './worker-renewals.ts';

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sagewai-renewals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'workers', 'w.generation');
}

const process = (
  store: string | SharedArrayBuffer,
  holder: string,
  workerId = 'w',
): WorkerRenewals => createWorkerRenewals({ store, holder, workerId });

test.each([
  ['a file', place],
  ['shared memory', () => new SharedArrayBuffer(1_024)],
])('in %s a renewal has one name until it is answered, whoever asks (R1)', (_, make) => {
  const store = make();
  const first = process(store, 'a').take();
  expect(first.generation).toBe(1);
  // As after a crash: another process, and nothing in memory.
  const next = process(store, 'b');
  expect(next.take()).toEqual(first);
  next.answered(2);
  const later = process(store, 'c').take();
  expect(later.generation).toBe(2);
  expect(later.id).not.toBe(first.id);
});

test('the name is on disk before it is given out, for nobody else to read (R1)', () => {
  const file = place();
  const { id } = process(file, 'a').take();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ renewal_id: id, generation: 1 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file, '..'))).toEqual(['w.generation']);
  rmSync(join(file, '..'), { recursive: true });
  writeFileSync(join(file, '..'), 'in the way');
  expect(() => process(file, 'a').take()).toThrow(/ENOTDIR|EEXIST/);
});

test('a process that was replaced asks for nothing and writes nothing (R2)', () => {
  const file = place();
  const [old, fresh] = [process(file, 'old'), process(file, 'fresh')];
  old.take();
  old.answered(2);
  expect(old.isTaken()).toBe(false);
  fresh.take();
  fresh.answered(3);
  expect(old.isTaken()).toBe(true);
  expect(old.next()).toBeNull();
  old.answered(2);
  expect(fresh.next()).toMatchObject({ generation: 3 });
});

test('what was kept of another worker, or is torn, does not count', () => {
  const file = place();
  process(file, 'a', 'former').take();
  process(file, 'a', 'former').answered(9);
  expect(process(file, 'a').take()).toMatchObject({ generation: 1 });
  writeFileSync(file, '{"worker_id":"w","gener');
  expect(process(file, 'a').take()).toMatchObject({ generation: 1 });
});
