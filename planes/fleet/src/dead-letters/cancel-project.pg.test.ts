import { inTenant } from '@sagewai/postgres';
import { fileDatabaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun } from '../queue-fixture.ts';
import { readStates } from '../runs/runs.sql.ts';
import { cancelProject } from './cancel-project.ts';

test('what a project has is cancelled a few at a time, as long as that is wanted', async ({
  db,
}) => {
  const place = await makePlace(db, await makeTenant(db));
  const { orgId, projectId } = place.tenant;
  const runs = Array.from({ length: 5 }, () => newRun(place));
  await submitRuns(db, runs);
  const ids = runs.map(({ runId }) => runId);
  const states = async (): Promise<string[]> =>
    (await inTenant(db, [orgId], (tx) => readStates(tx, ids))).map(({ state }) => state);
  const cancel = (times: number): Promise<void> => {
    let left = times;
    const isWanted = async (): Promise<boolean> => left-- > 0;
    const parts = { db, batch: 2, touch: () => undefined };
    return cancelProject(
      parts,
      { orgId, projectId, actor: 'somebody', isWanted },
      new AbortController().signal,
    );
  };

  await cancel(1);
  expect((await states()).filter((state) => state === 'cancelled')).toHaveLength(2);
  await cancel(0);
  expect((await states()).filter((state) => state === 'cancelled')).toHaveLength(2);
  await cancel(100);
  expect(new Set(await states())).toEqual(new Set(['cancelled']));
});
