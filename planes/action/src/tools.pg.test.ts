import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { actionTest as test } from './action-test.ts';
import { listToolsOf } from './tools.sql.ts';

test('tools are registered, shown, changed and deleted; each change is a version', async ({
  replica,
  tools,
  db,
  tenant,
}) => {
  const { url } = tools;
  await replica.tool('save', url, { owner: 'payments', risk: 'high', description: 'Saves' });
  const twice = await replica.call('POST', '/api/v1/tools', 'admin', {
    name: 'SAVE',
    kind: 'http',
    http: { method: 'GET', url },
  });
  expect(twice).toMatchObject({ status: 409, body: { code: 'resource.exists' } });
  const first = await replica.call('GET', '/api/v1/tools/save', 'read');
  expect(first.body).toMatchObject({
    version: 1,
    mode: 'network',
    owner: 'payments',
    egress: [new URL(url).host],
    credential: null,
    created_by: 'token:of-admin',
  });
  expect((await replica.call('PATCH', '/api/v1/tools/save', 'write', {})).status).toBe(403);
  const rate = { calls: 5, per_seconds: 60 };
  const changed = await replica.call('PATCH', '/api/v1/tools/save', 'admin', { rate, risk: 'low' });
  expect(changed.body).toMatchObject({ version: 2, risk: 'low', owner: 'payments', rate });
  expect(changed.body['digest']).not.toBe(first.body['digest']);
  // Of a project: it goes before that of all.
  await replica.tool('save', url, { project: tenant.projectId, description: 'Ours' });
  const own = await replica.call('GET', '/api/v1/tools/save', 'read');
  expect(own.body).toMatchObject({ description: 'Ours', project_id: tenant.projectId });
  expect((await replica.call('GET', '/api/v1/tools', 'read')).body['tools']).toHaveLength(2);
  await replica.call('DELETE', '/api/v1/tools/save', 'admin');
  expect((await replica.call('GET', '/api/v1/tools/save', 'read')).body).toMatchObject({
    version: 2,
  });
  const other = await makeTenant(db);
  const seen = await inTenant(db, [other.orgId], (tx) =>
    listToolsOf(tx, { orgId: tenant.orgId, projectId: null }),
  );
  expect(seen).toEqual([]);
});

test('an operation of an OpenAPI description is a tool with its schema, and is called as it says', async ({
  replica,
  tools,
}) => {
  const document = {
    openapi: '3.1.0',
    servers: [{ url: `${tools.url}/v2/` }],
    paths: {
      '/orders/{order_id}': {
        parameters: [{ $ref: '#/components/parameters/Order' }],
        put: {
          operationId: 'replaceOrder',
          summary: 'Replace an order',
          parameters: [
            { name: 'dry_run', in: 'query', schema: { type: 'boolean' } },
            { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
          ],
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
          },
        },
      },
    },
    components: {
      parameters: {
        Order: { name: 'order_id', in: 'path', required: true, schema: { type: 'integer' } },
      },
      schemas: {
        Order: { type: 'object', required: ['item'], properties: { item: { type: 'string' } } },
      },
    },
  };
  const openapi = { document, operation_id: 'replaceOrder' };
  const body = { name: 'replace_order', kind: 'openapi', mode: 'network', openapi };
  const made = await replica.call('POST', '/api/v1/tools', 'admin', body);
  expect(made).toMatchObject({
    status: 201,
    body: { description: 'Replace an order', input_schema: { required: ['order_id', 'body'] } },
  });
  const args = { order_id: 7, dry_run: true, 'X-Trace': 'abc', body: { item: 'tea' } };
  expect((await replica.ask('replace_order', args)).body).toMatchObject({ state: 'completed' });
  expect(tools.server.received).toMatchObject([
    {
      method: 'PUT',
      url: '/v2/orders/7?dry_run=true',
      body: '{"item":"tea"}',
      headers: { 'x-trace': 'abc' },
    },
  ]);
  const wrong = await replica.ask('replace_order', { ...args, body: {} });
  expect(wrong).toMatchObject({
    status: 400,
    body: { errors: [{ path: '/arguments/body/item' }] },
  });
  const missing = { ...openapi, operation_id: 'other' };
  const refused = await replica.call('POST', '/api/v1/tools', 'admin', {
    ...body,
    name: 'x',
    openapi: missing,
  });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: '/openapi' }] } });
});
