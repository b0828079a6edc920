import { inTenant, sql, type Tx } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { ask, curlAs, litellmTest as test, makeToken } from './fixture.sql.ts';
import { deletePerson, findPerson, pagePeople } from './people.sql.ts';
import { deleteTeam, findTeam, listMembers, listTeams } from './teams.sql.ts';

const large = { ...ask, model: 'simulated-large' };

describe('a team', () => {
  test('as documented: is made, has members and keys, and its budget is above theirs', async ({
    curl,
    gateway,
  }) => {
    const made = await curl('POST /team/new', {
      team_alias: 'blue',
      team_id: 'team-blue',
      models: ['simulated'],
      max_budget: 0.000115,
      budget_duration: '30d',
      tpm_limit: 100_000,
      metadata: { cost_center: 7 },
      members_with_roles: [{ role: 'admin', user_id: 'ada' }],
    });
    expect(made).toMatchObject({
      status: 200,
      body: {
        team_id: 'team-blue',
        team_alias: 'blue',
        models: ['simulated'],
        budget_duration: '30d',
        tpm_limit: 100_000,
        metadata: { cost_center: 7 },
        members_with_roles: [{ role: 'admin', user_id: 'ada' }],
        admins: ['ada'],
        spend: 0,
        blocked: false,
      },
    });
    const added = await curl('POST /team/member_add', {
      team_id: 'team-blue',
      member: { role: 'user', user_id: 'grace' },
    });
    expect(added.body.members).toEqual(['ada', 'grace']);
    const key = (await curl('POST /key/generate', { team_id: 'team-blue', user_id: 'ada' })).body;
    const other = (await curl('POST /key/generate', { team_id: 'team-blue' })).body;
    expect(key).toMatchObject({ team_id: 'team-blue', user_id: 'ada', models: [] });
    // Its list binds a key that has none of its own.
    expect((await gateway.chat(key.key, ask)).status).toBe(200);
    expect((await gateway.chat(key.key, large)).status).toBe(403);
    expect((await curlAs(gateway, key.key)('GET /v1/models')).body.data).toMatchObject([
      { id: 'simulated' },
    ]);
    const info = (await curl('GET /team/info?team_id=team-blue')).body;
    expect(info.team_info.spend).toBeGreaterThan(0);
    expect(info.keys).toHaveLength(2);
    // What one key has spent, the other has no more.
    let status = 200;
    for (let calls = 0; calls < 30 && status === 200; calls++) {
      status = (await gateway.chat(other.key, ask)).status;
    }
    expect(status).toBe(429);
    expect((await gateway.chat(key.key, ask)).status).toBe(429);
    await curl('POST /team/update', { team_id: 'team-blue', max_budget: 1 });
    expect((await gateway.chat(key.key, ask)).status).toBe(200);
    const left = { team_id: 'team-blue', user_id: 'grace' };
    expect((await curl('POST /team/member_delete', left)).body.members).toEqual(['ada']);
    expect((await curl('GET /team/list?user_id=grace')).body).toEqual([]);
    expect((await curl('GET /team/list')).body).toMatchObject([{ team_id: 'team-blue' }]);
  });

  test('never allows its keys more than itself, also when it comes to allow less', async ({
    curl,
    gateway,
  }) => {
    await curl('POST /team/new', { team_id: 't', models: ['simulated'] });
    const beyond = { team_id: 't', models: ['simulated', 'simulated-large'] };
    expect(await curl('POST /key/generate', beyond)).toMatchObject({ status: 403 });
    const { key } = (await curl('POST /key/generate', { models: ['simulated-large'] })).body;
    expect((await curl('POST /key/update', { key, team_id: 't' })).status).toBe(403);
    expect((await gateway.chat(key, large)).status).toBe(200);
    await curl('POST /team/update', { team_id: 't', models: ['simulated-large'] });
    expect((await curl('POST /key/update', { key, team_id: 't' })).status).toBe(200);
    await curl('POST /team/update', { team_id: 't', models: ['simulated'] });
    expect((await gateway.chat(key, large)).status).toBe(403);
    expect((await gateway.chat(key, ask)).status).toBe(403);
  });

  test('that is blocked blocks its keys, and that is deleted takes them along', async ({
    curl,
    gateway,
    owner,
  }) => {
    await curl('POST /team/new', { team_id: 't', max_budget: 9 });
    const made = await curl('POST /key/generate', { team_id: 't', max_budget: 5 });
    const { key, token } = made.body;
    expect((await gateway.chat(key, ask)).status).toBe(200);
    expect((await curl('POST /team/block', { team_id: 't' })).body.blocked).toBe(true);
    expect((await gateway.chat(key, ask)).status).toBe(401);
    expect((await curl('POST /team/unblock', { team_id: 't' })).body.blocked).toBe(false);
    expect((await gateway.chat(key, ask)).status).toBe(200);
    const limited = async () => (await sql`select from budget`.execute(owner)).rows.length;
    expect(await limited()).toBeGreaterThan(0);
    const gone = await curl('POST /team/delete', { team_ids: ['t'] });
    expect(await limited()).toBe(0);
    expect(gone.body).toEqual({ deleted_teams: ['t'], deleted_keys: 1 });
    expect((await gateway.chat(key, ask)).status).toBe(401);
    expect((await curl(`GET /key/info?key=${token}`)).status).toBe(404);
    expect((await curl('GET /team/info?team_id=t')).status).toBe(404);
    expect((await curl('POST /team/new', { team_id: 't' })).status).toBe(409);
    expect((await curl('POST /team/delete', { team_ids: ['t'] })).status).toBe(404);
  });
});

test('a user has a key, budgets above it, and no power', async ({ curl, gateway }) => {
  await curl('POST /team/new', { team_id: 't' });
  const made = await curl('POST /user/new', {
    user_id: 'ada',
    user_email: 'ada@example.org',
    max_budget: 0,
    budget_duration: '24h',
    teams: ['t'],
    key_alias: 'of ada',
  });
  expect(made.body).toMatchObject({
    user_id: 'ada',
    user_email: 'ada@example.org',
    user_role: 'internal_user',
    max_budget: 0,
    budget_duration: '24h',
    teams: ['t'],
  });
  const { key } = made.body;
  expect((await gateway.chat(key, ask)).status).toBe(429);
  const lifted = await curl('POST /user/update', { user_id: 'ada', max_budget: 1 });
  expect(lifted.body.data).toMatchObject({ max_budget: 1, budget_duration: '24h' });
  expect((await gateway.chat(key, ask)).status).toBe(200);
  const asUser = curlAs(gateway, key);
  for (const [target, body] of [
    ['POST /user/update', { user_id: 'ada', max_budget: 1_000 }],
    ['POST /user/new', { user_role: 'proxy_admin' }],
    ['POST /team/update', { team_id: 't', max_budget: null }],
    ['POST /team/member_add', { team_id: 't', member: { role: 'admin', user_id: 'ada' } }],
    ['GET /user/list'],
    ['GET /team/list'],
  ] as const) {
    expect([target, (await asUser(target, body)).status]).toEqual([target, 403]);
  }
  const role = await curl('POST /user/update', { user_id: 'ada', user_role: 'proxy_admin' });
  expect(role).toMatchObject({ status: 400, body: { error: { param: 'user_role' } } });
  const info = (await curl('GET /user/info?user_id=ada')).body;
  expect(info).toMatchObject({
    user_id: 'ada',
    keys: [{ key_alias: 'of ada', user_id: 'ada' }],
    teams: [{ team_id: 't', members: ['ada'] }],
  });
  expect(info.user_info.spend).toBeGreaterThan(0);
  expect((await curl('GET /user/list')).body).toMatchObject({ total: 1, total_pages: 1 });
  const gone = await curl('POST /user/delete', { user_ids: ['ada'] });
  expect(gone.body).toEqual({ deleted_users: ['ada'], deleted_keys: 1 });
  expect((await gateway.chat(key, ask)).status).toBe(401);
  expect((await curl('POST /key/generate', { user_id: 'ada' })).status).toBe(400);
  expect((await curl('POST /user/new', { user_id: 'ada' })).status).toBe(409);
});

test('a key that is made while its team or user is being deleted is not made', async ({
  curl,
  db,
  owner,
  tenant,
}) => {
  const { orgId } = tenant;
  await curl('POST /team/new', { team_id: 't' });
  await curl('POST /user/new', { user_id: 'ada', auto_create_key: false });
  for (const [fields, status, gone] of [
    [{ team_id: 't' }, 404, (tx: Tx) => deleteTeam(tx, { orgId, id: 't' })],
    [{ user_id: 'ada' }, 400, (tx: Tx) => deletePerson(tx, { orgId, id: 'ada' })],
  ] as const) {
    await using held = await holdTransaction(db, [orgId], gone);
    const making = curl('POST /key/generate', fields);
    await untilWaiting(owner);
    await held.commit();
    expect((await making).status).toBe(status);
  }
  expect((await curl('GET /key/list')).body.total_count).toBe(0);
});

test('teams and users are the organization’s: of no project’s token, and of no other’s', async ({
  curl,
  db,
  gateway,
  tenant,
}) => {
  await curl('POST /team/new', { team_id: 't', models: ['simulated'] });
  const bound = curlAs(gateway, await makeToken(db, tenant, ['admin'], tenant.projectId));
  const writer = curlAs(gateway, await makeToken(db, tenant, ['write']));
  for (const target of ['POST /team/new', 'POST /user/new'] as const) {
    expect((await bound(target, {})).status).toBe(403);
    expect((await writer(target, {})).status).toBe(403);
  }
  expect((await bound('POST /key/generate', { team_id: 't' })).status).toBe(403);
  expect((await writer('POST /key/generate', { team_id: 't' })).status).toBe(200);
  for (const body of [{ max_budget_in_team: 3 }, { guardrails: ['x'] }, { colour: 'blue' }]) {
    const added = { team_id: 't', member: { role: 'user', user_id: 'x' }, ...body };
    expect((await curl('POST /team/member_add', added)).status).toBe(400);
  }
  const { orgId } = tenant;
  await inTenant(db, [orgId], async (tx) => {
    expect(await findTeam(tx, { orgId, id: 't' })).toMatchObject({ models: ['simulated'] });
    expect(await listTeams(tx, { orgId, personId: 'x', offset: 0, limit: 5 })).toEqual([]);
    expect(await listMembers(tx, { orgId, teamIds: ['t'] })).toEqual([]);
    expect(await findPerson(tx, { orgId, id: 'x' })).toBeNull();
    expect((await pagePeople(tx, { orgId, offset: 0, limit: 5 })).total).toBe(0);
  });
});
