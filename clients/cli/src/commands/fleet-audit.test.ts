import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const event = {
  id: '9.0',
  event_type: 'run.claimed',
  worker_id: ID,
  subject: 'run:r1',
  actor: 'fleet',
  details: { batch: 2 },
  created_at: '2026-01-01T00:00:00.000000Z',
  seq: 9,
};
const batch = { ...event, worker_id: null, subject: null, details: { count: 900 } };

test('fleet audit passes its filters on, counts a large batch, and says where to go on', async () => {
  const { run, server } = await shell();
  const answer = { events: [event, batch], total: 2, next_cursor: '9.1' };
  server.on('fleet.listEvents', () => ({ json: answer }));
  const line = `fleet audit --type run.claimed --worker ${ID} --since 2026-01-01T00:00:00Z`;
  const { out, err } = await run(line);
  expect(out).toContain('run:r1');
  expect(out).toContain('900 runs');
  expect(err).toContain('--cursor 9.1');
  expect(server.asked('fleet.listEvents')[0]?.query).toEqual({
    event_type: 'run.claimed',
    worker_id: ID,
    since: '2026-01-01T00:00:00Z',
    limit: '50',
  });
  expect(JSON.parse((await run('fleet audit --json')).out)).toEqual(answer);
  expect((await run('fleet audit --type nonsense')).code).toBe(2);
});
