/** Runs that were submitted under another one. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { run } from './runs.ts';
import { id, idOrNull } from './schemas.ts';

const spent = {
  /** Decimal USD. */
  cost_usd: Type.String(),
  input_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  /** Model calls that were settled. */
  calls: Type.Integer(),
};

const child = Type.Object({
  ...run.properties,
  /** Null: none so far. What is too large for this answer is on the next page. */
  output: Type.Unknown(),
  ...spent,
});

const query = Type.Object({
  /** All under it; else only those right under it. */
  tree: Type.Optional(Type.Boolean()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  /** `next_cursor` of the page before. */
  cursor: Type.Optional(id),
});

const output = Type.Object({
  /** Oldest first. */
  children: Type.Array(child),
  /** Of all under it, however deep, and of itself. */
  tree: Type.Object({ runs: Type.Integer(), unfinished: Type.Integer(), ...spent }),
  next_cursor: idOrNull,
});

const ofRun = Type.Object({ run_id: id });

export const listChildren = endpoint({
  id: 'runs.listChildren',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/children',
  surface: 'own',
  summary: 'List the runs that were submitted under a run, and what all of them have spent',
  permission: 'run:children',
  audit: 'read',
  params: ofRun,
  query,
  output,
});

export const listTaskChildren = endpoint({
  id: 'fleet.listTaskChildren',
  method: 'GET',
  path: '/api/v1/fleet/tasks/{run_id}/children',
  surface: 'fleet',
  summary: 'List the runs that were submitted under a run, and what all of them have spent',
  permission: 'run:children',
  audit: 'read',
  params: ofRun,
  query,
  output,
});
