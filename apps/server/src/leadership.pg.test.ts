import { silentLog } from '@sagewai/log';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { seekLeadership } from './leadership.ts';
import { PLANES } from './planes.ts';

test('one replica of those that serve the same planes leads, and those of other planes lead theirs', async ({
  db,
}) => {
  const seek = (planes: readonly string[]) => seekLeadership(db, silentLog, planes);
  const gateway = seek(['gateway']);
  await expect.poll(() => gateway.isLeader()).toBe(true);
  const all = [seek(PLANES), seek(PLANES.toReversed())];
  await expect.poll(() => all.some((one) => one.isLeader())).toBe(true);
  expect(all.filter((one) => one.isLeader())).toHaveLength(1);
  const former = all.find((one) => one.isLeader());
  const next = all.find((one) => one !== former);
  await former?.stop();
  await expect.poll(() => next?.isLeader(), { timeout: 10_000 }).toBe(true);
  await Promise.all([gateway, ...all].map((one) => one.stop()));
});
