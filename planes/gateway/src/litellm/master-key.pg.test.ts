import { Secret } from '@sagewai/config';
import { setBudgets, UNLIMITED } from '@sagewai/ledger';
import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { startGateway } from '../gateway-fixture.ts';
import { ask, curlAs, litellmTest as test, makeToken, MASTER } from './fixture.sql.ts';
import { keepMasterKey } from './master-key.ts';

describe('models that are called with the master key', () => {
  test('are answered, within the budgets of the project, and the spend says by whom', async ({
    curl,
    db,
    gateway,
    owner,
    tenant,
  }) => {
    expect((await gateway.chat(MASTER, ask)).status).toBe(200);
    const headers = { 'x-api-key': MASTER };
    expect((await gateway.post('/v1/messages', ask, headers)).status).toBe(200);
    expect((await curl('GET /v1/models')).body.data.length).toBeGreaterThan(0);
    const { rows } = await sql<object>`
      select org_id, project_id, key_id, tags, cost_pusd > 0 as costs from spend
    `.execute(owner);
    const row = {
      org_id: tenant.orgId,
      project_id: tenant.projectId,
      key_id: null,
      tags: ['litellm-master-key'],
      costs: true,
    };
    expect(rows).toEqual([row, row]);
    const scope = { orgId: tenant.orgId, kind: 'project' as const, id: tenant.projectId };
    await inTenant(db, [tenant.orgId], (tx) =>
      setBudgets(tx, scope, { ...UNLIMITED, usdPerDay: 1n }),
    );
    expect((await gateway.chat(MASTER, ask)).status).toBe(429);
  });

  test('are those of the organization and the project that are named', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const call = (headers: Record<string, string>) =>
      curl('POST /v1/chat/completions', ask, headers);
    expect((await call({ 'x-project-id': 'nowhere' })).status).toBe(404);
    const { orgId, orgName } = await makeTenant(db);
    const several = await call({ 'x-project-id': 'default' });
    expect(several.status).toBe(400);
    expect(several.body.error.message).toContain('X-Organization');
    expect((await call({ 'x-organization': orgName })).status).toBe(200);
    expect((await call({ 'x-organization': orgId, 'x-project-id': tenant.projectId })).status).toBe(
      404,
    );
    expect((await gateway.chat(`${MASTER}x`, ask)).status).toBe(401);
  });

  test('are refused where the operator has said so, with what to do', async ({ db, tenant }) => {
    expect(tenant.orgId).not.toBe('');
    const masterKey = keepMasterKey(new Secret(MASTER), false);
    const gateway = await startGateway(db, { masterKey });
    const called = await gateway.chat(MASTER, ask);
    expect([called.status, await called.text()]).toEqual([
      401,
      expect.stringContaining('POST /key/generate'),
    ]);
    expect((await curlAs(gateway, MASTER)('GET /key/list')).status).toBe(200);
    await gateway.close();
  });
});

describe('a key for a project that is not there yet', () => {
  const body = { metadata: { project: 'research-team' } };

  test('makes it, once, for whoever may make projects, and the audit log has both', async ({
    curl,
    owner,
  }) => {
    const all = await Promise.all([1, 2, 3].map(() => curl('POST /key/generate', body)));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(all.map((made) => made.body.project_id)).size).toBe(1);
    const { rows } = await sql<{ details: string }>`
      select details from audit_entry where action = 'identity.createProject'
    `.execute(owner);
    expect(rows).toEqual([{ details: '{"name":"research-team"}' }]);
    const id = all[0]?.body.project_id;
    const same = await curl('POST /key/generate', { metadata: { project: 'Research-Team' } });
    expect(same.body.project_id).toBe(id);
  });

  test('is refused to those who may not, and a change of a key makes none', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const writer = curlAs(gateway, await makeToken(db, tenant, ['write']));
    const bound = curlAs(gateway, await makeToken(db, tenant, ['admin'], tenant.projectId));
    for (const by of [writer, bound]) {
      expect(await by('POST /key/generate', body)).toMatchObject({
        status: 404,
        body: { error: { message: expect.stringContaining('no project research-team') } },
      });
    }
    const { key } = (await curl('POST /key/generate', {})).body;
    expect((await curl('POST /key/update', { key, ...body })).status).toBe(404);
    const named = { project_id: 'research-team' };
    expect((await curl('POST /key/generate', named)).status).toBe(404);
    const wrong = await curl('POST /key/generate', { metadata: { project: ' a' } });
    expect([wrong.status, wrong.body.error.message]).toEqual([
      400,
      expect.stringContaining('no name of a project'),
    ]);
  });
});
