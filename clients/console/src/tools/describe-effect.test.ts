import { expect, test } from 'vitest';

import { describeEffect } from './describe-effect.ts';
import type { Tool } from './mode-badge.tsx';

const tool = (more: Partial<Tool>): Parameters<typeof describeEffect>[0] => ({
  kind: 'http',
  name: 'drop_table',
  http: null,
  mcp: null,
  credential: null,
  ...more,
});

test('a request is told with each argument where it goes', () => {
  const http = {
    method: 'POST' as const,
    url: 'https://db.example.com/api/{project}/tables?force=1',
    query: ['reason'],
    header_arguments: ['x-trace'],
  };
  const given = { project: 'a/b', reason: 'old', 'x-trace': 't1', table: 'orders', rows: 3 };
  const credential = { header: 'authorization', hint: '…9f2c' };
  expect(describeEffect(tool({ http, credential }), given)).toEqual([
    ['Sends', 'POST https://db.example.com/api/a%2Fb/tables?force=1&reason=old'],
    ['With the header', 'x-trace: t1'],
    ['With the body', '{"table":"orders","rows":3}'],
    ['Signed with', 'authorization: …9f2c'],
  ]);
});

test('what has no body has its arguments in the query; one argument may be all of the body', () => {
  const url = 'https://db.example.com/tables/{name}';
  const deleting = { method: 'DELETE' as const, url };
  expect(describeEffect(tool({ http: deleting }), { name: 'x', cascade: true })).toEqual([
    ['Sends', 'DELETE https://db.example.com/tables/x?cascade=true'],
  ]);
  const whole = { method: 'PUT' as const, url, body: 'schema' };
  expect(describeEffect(tool({ http: whole }), { name: 'x', schema: [1] })).toEqual([
    ['Sends', 'PUT https://db.example.com/tables/x'],
    ['With the body', '[1]'],
  ]);
});

test('of MCP, the server and its tool; of a worker, that it is the worker', () => {
  const mcp = { url: 'https://mcp.example.com', tool: 'drop' };
  expect(describeEffect(tool({ kind: 'mcp', mcp }), {})).toEqual([
    ['Asks the MCP server', 'https://mcp.example.com for drop'],
  ]);
  expect(describeEffect(tool({ kind: 'worker' }), {})[0]?.[1]).toContain('worker');
});
