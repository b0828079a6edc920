import type { OrganizationId, WorkerId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { WorkerDirectory } from './worker-directory.ts';
import type { WorkerRecord } from './worker.ts';

const ids = (count: number): WorkerId[] =>
  Array.from({ length: count }, (_, n) => `w-${n}` as WorkerId);

function open(hears: boolean): {
  directory: WorkerDirectory;
  /** The ids of each statement. */
  reads: (readonly WorkerId[])[];
  pass: (ms: number) => void;
  /** Holds back the answers of statements from now on; what it returns lets them come. */
  hold: () => () => void;
} {
  let now = 0;
  let version = 0;
  let held: Promise<void> | null = null;
  const reads: (readonly WorkerId[])[] = [];
  const directory = new WorkerDirectory({
    read: async (some) => {
      reads.push(some);
      version += 1;
      const name = `version ${version}`;
      await held;
      return new Map(
        some
          .filter((id) => id !== 'nobody')
          .map((id) => [
            id,
            {
              id,
              name,
              capabilities: { orgId: (id === 'w-0' ? 'one' : 'other') as OrganizationId },
            } as WorkerRecord,
          ]),
      );
    },
    trustMs: 500,
    trustMsMax: 240_000,
    monotonicMs: () => now,
    onError: (error) => {
      throw error;
    },
  });
  directory.hears = () => hears;
  return {
    directory,
    reads,
    pass: (ms) => {
      now += ms;
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('WorkerDirectory', () => {
  test('while changes are heard of, a record is read once, and again when it has changed', async () => {
    const { directory, reads, pass } = open(true);
    const [id = '' as WorkerId] = ids(1);
    await directory.find(id);
    pass(60_000);
    expect(directory.find(id)).toMatchObject({ name: 'version 1' });
    directory.forget(id);
    expect(await directory.find(id)).toMatchObject({ name: 'version 2' });
    expect(reads).toHaveLength(2);
  });

  test('while they are not, an answer is trusted for a moment', async () => {
    const { directory, reads, pass } = open(false);
    const [id = '' as WorkerId] = ids(1);
    await directory.find(id);
    pass(499);
    await directory.find(id);
    pass(1);
    await directory.find(id);
    expect(reads).toHaveLength(2);
  });

  test('that there is no such worker is not remembered: it may be enrolled elsewhere', async () => {
    const { directory, reads } = open(true);
    expect(await directory.find('nobody' as WorkerId)).toBeNull();
    expect(await directory.find('nobody' as WorkerId)).toBeNull();
    expect(reads).toHaveLength(2);
  });

  test('what was read before a change is answered, and not remembered', async () => {
    const { directory, reads, hold } = open(true);
    const [id = '' as WorkerId] = ids(1);
    const release = hold();
    const found = directory.find(id);
    await turn();
    directory.forget(id);
    release();
    await found;
    await directory.find(id);
    expect(reads).toHaveLength(2);
  });

  test('a refresh reads all that call in one statement, and forgets the others', async () => {
    const { directory, reads, pass } = open(true);
    const many = ids(3_000);
    await Promise.all(many.map(async (id) => directory.find(id)));
    pass(100_000);
    await Promise.all(many.slice(1).map(async (id) => directory.find(id)));
    pass(30_000);
    await directory.refresh(120_000);
    expect(reads.map((some) => some.length)).toEqual([3_000, 2_999]);
    expect(directory.find(many[1] ?? ('' as WorkerId))).toMatchObject({ name: 'version 2' });
    await directory.find(many[0] ?? ('' as WorkerId));
    expect(reads).toHaveLength(3);
  });

  test('what changed of an organization is read again together, and of no other', async () => {
    const { directory, reads } = open(true);
    const many = ids(50);
    await Promise.all(many.map(async (id) => directory.find(id)));
    directory.forgetOrganization('other' as OrganizationId);
    await turn();
    expect(reads.map((some) => some.length)).toEqual([50, 49]);
    expect(directory.find('w-0' as WorkerId)).toMatchObject({ name: 'version 1' });
  });
});
