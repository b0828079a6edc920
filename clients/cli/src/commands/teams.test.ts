import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';
import { AT, BALANCE, KEY, ORG } from './shown-key-fixture.ts';
const TEAM = {
  ...BALANCE,
  team_id: 'blue',
  team_alias: 'Blue team',
  organization_id: ORG,
  members_with_roles: [],
  admins: [],
  created_at: AT,
  updated_at: AT,
  models: ['gpt-4o'],
  members: ['ada'],
  blocked: false,
  spend: 1.5,
  max_budget: 200,
  budget_duration: '30d',
};

test('teams are made with their limits, listed, and changed by what is named', async () => {
  const { run, server } = await shell();
  server.on('litellm.createTeam', () => ({ json: TEAM }));
  server.on('litellm.listTeams', () => ({ json: [TEAM] }));
  server.on('litellm.updateTeam', () => ({ json: { team_id: 'blue', data: TEAM } }));
  const made = await run(
    'teams create blue --models gpt-4o --budget 200 --resets 30d --parallel 4',
  );
  expect(made).toMatchObject({ code: 0, out: 'Made blue.' });
  expect(server.asked('litellm.createTeam')[0]).toMatchObject({
    body: {
      team_id: 'blue',
      models: ['gpt-4o'],
      max_budget: 200,
      budget_duration: '30d',
      max_parallel_requests: 4,
    },
  });
  expect((await run('teams list')).out).toMatch(
    /blue +Blue team +active +gpt-4o +1 +\$1\.5 of \$200 in 30d/,
  );
  expect(JSON.parse((await run('teams list --json')).out)).toEqual([TEAM]);
  await run('teams set blue --resets never');
  expect(server.asked('litellm.updateTeam')[0]).toMatchObject({
    body: { team_id: 'blue', budget_duration: null },
  });
  expect((await run('teams set blue')).err).toContain('say at least one thing');
  expect((await run('teams create blue --budget lots')).err).toContain('US dollars');
});

test('a key is put into a team, and goes with it; what the server refuses is told', async () => {
  const { run, server } = await shell();
  server.on('litellm.updateKey', () => ({ json: KEY }));
  server.on('litellm.deleteTeams', () => ({ json: { deleted_teams: ['blue'], deleted_keys: 2 } }));
  server.on('litellm.blockTeam', () => ({
    status: 404,
    json: { error: { message: 'There is no team red.', type: 'x', param: 'None', code: '404' } },
  }));
  expect((await run('teams add-key blue K')).out).toBe('sk-…abcd is of blue.');
  expect(server.asked('litellm.updateKey')[0]).toMatchObject({
    body: { key: 'K', team_id: 'blue' },
  });
  expect((await run('teams delete blue')).out).toContain('revoked 2 keys');
  const refused = await run('teams block red');
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain('There is no team red.');
});
