import { randomUUID } from 'node:crypto';

import pg from 'pg';
import { expect } from 'vitest';

import { askWell } from '../harness/api.ts';
import { makeDatabase, query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import type { Stage } from '../harness/stage.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

const BACKLOG = 100_000;
/** What a claim of one run may look at of the queue: that run, twice, and one that another claim has locked. */
const ROWS_MAX = 4;
/** A plan is made for the values of a call five times, and then for all calls alike. */
const CALLS = 8;

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Node[];
}

test('the plan of a claim scans nothing, however many runs stand before it, matching or not (F4)', async ({
  stage,
}) => {
  const database = await makeDatabase(stage, cluster());
  const { server } = await install(stage, null, { models: [{ name: 'scripted' }], database });
  const enrollmentKey = await makeEnrollmentKey(server);
  await askWell(`${server.url}/api/v1/fleet/register`, {
    headers: { 'x-enrollment-key': enrollmentKey },
    body: { name: 'claimant' },
  });
  const submit = () => server.askWell('/api/v1/runs', { body: { payload: {} } });
  await submit();
  // It must not take what the test claims itself.
  await server.stop();
  const sql = <Row extends pg.QueryResultRow>(text: string) => query<Row>(database.adminUrl, text);
  const [line] = await sql<{ sq: number; prio: number }>('select sq, prio from ready');
  const [worker] = await sql<{ org_id: string; worker_num: number; session_epoch: string }>(
    'select org_id, worker_num, session_epoch from worker_session',
  );
  if (line === undefined || worker === undefined) throw new Error('there is a run and a worker');
  await sql(`
    insert into ready (sq, prio, seq, run_id, attempt)
    select ${line.sq} + 1 + n % 50, n % 3, nextval('ready_seq'), gen_random_uuid(), 0
    from generate_series(1, ${BACKLOG}) n
    union all
    select ${line.sq}, ${line.prio}, nextval('ready_seq'), gen_random_uuid(), 0
    from generate_series(1, ${BACKLOG / 2}) n
  `);

  const session = await explaining(stage, database.adminUrl);
  for (let call = 0; call < CALLS; call += 1) {
    const { rows, plans } = await session.claim(line, worker);
    expect(rows).toBe(1);
    const nodes = plans.flatMap(flatten);
    const ofQueue = nodes.filter((node) => node['Relation Name'] === 'ready');
    // By the one index, and then by the address of the row.
    expect(new Set(ofQueue.map(shapeOf))).toEqual(
      new Set(['Index Scan ready_pkey', 'Tid Scan', 'ModifyTable']),
    );
    const visited = ofQueue
      .filter((node) => node['Node Type'] !== 'ModifyTable')
      .reduce((sum, node) => sum + visitedBy(node), 0);
    expect(visited).toBeLessThanOrEqual(ROWS_MAX);
    const scans = nodes.filter(
      (node) => node['Node Type'].includes('Seq Scan') && node['Relation Name'] !== undefined,
    );
    expect(scans.map((node) => node['Relation Name'])).toEqual([]);
  }
}, 90_000);

const shapeOf = (node: Node): string =>
  [node['Node Type'], node['Index Name'] ?? ''].join(' ').trim();
const visitedBy = (node: Node): number =>
  (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
const flatten = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flatten)];

interface Line {
  readonly sq: number;
  readonly prio: number;
}

interface Claimant {
  readonly org_id: string;
  readonly worker_num: number;
  readonly session_epoch: string;
}

/** A session as the server's, that tells the plan of every statement, of those inside functions too. */
async function explaining(
  stage: Stage,
  adminUrl: string,
): Promise<{
  claim(line: Line, by: Claimant): Promise<{ rows: number; plans: Node[] }>;
}> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  stage.defer('the session', () => client.end());
  let plans: Node[] = [];
  client.on('notice', ({ message }) => {
    const at = message?.indexOf('{') ?? -1;
    if (at < 0 || message?.startsWith('duration:') !== true) return;
    plans.push((JSON.parse(message.slice(at)) as { Plan: Node }).Plan);
  });
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_analyze = on;
    set auto_explain.log_timing = off;
    set auto_explain.log_format = json;
    set client_min_messages = log;
    set role sagewai_request;
  `);
  return {
    claim: async ({ sq, prio }, { org_id, worker_num, session_epoch }) => {
      plans = [];
      const { rowCount } = await client.query(
        `select run_id from fleet_claim($1, array[$2::int], array[$3::smallint], array[1], array[0::bigint],
                                        array[$4::int], array[$5::bigint], array[$6::uuid], array[1], false, null)`,
        [org_id, sq, prio, worker_num, session_epoch, randomUUID()],
      );
      return { rows: rowCount ?? 0, plans };
    },
  };
}
