import { type Executor, sql, type Tx } from '@sagewai/postgres';

import type { Decided } from './decide-engine.ts';
import type { Engine, EngineState } from './engine.ts';

const COLUMNS = sql`
  id, model, host, port, kind, state, replica, backend, options, metadata, memory_gb::float8 as "memoryGb",
  created_at as "createdAt", state_at as "stateAt", heartbeat_at as "heartbeatAt", seen_at as "seenAt",
  failures, restarts, problem
`;

export async function listEngineRows(db: Executor): Promise<Engine[]> {
  const { rows } = await sql<Engine>`
    select ${COLUMNS} from engine order by created_at, id
  `.execute(db);
  return rows;
}

export async function findEngine(tx: Executor, id: string): Promise<Engine | null> {
  const { rows } = await sql<Engine>`select ${COLUMNS} from engine where id = ${id}`.execute(tx);
  return rows[0] ?? null;
}

/** Whoever starts one decides after whoever began before: memory is promised once. Ends with the transaction. */
export async function lockStarts(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('sagewai.engines', 0))`.execute(tx);
}

/** Null: there is one of this id, at which something may still happen. One that is over makes room. */
export async function insertEngine(
  tx: Tx,
  engine: Pick<
    Engine,
    | 'id'
    | 'model'
    | 'host'
    | 'port'
    | 'kind'
    | 'replica'
    | 'backend'
    | 'options'
    | 'metadata'
    | 'memoryGb'
  >,
): Promise<Engine | null> {
  await sql`delete from engine where id = ${engine.id} and state in ('STOPPED', 'ERROR')`.execute(
    tx,
  );
  const { rows } = await sql<Engine>`
    insert into engine (id, model, host, port, kind, replica, backend, options, metadata, memory_gb)
    values (${engine.id}, ${engine.model}, ${engine.host}, ${engine.port}, ${engine.kind}, ${engine.replica},
            ${engine.backend}, ${JSON.stringify(engine.options)}, ${JSON.stringify(engine.metadata)}, ${engine.memoryGb})
    on conflict do nothing returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

/** N5. Whether it was still in the state by which this was decided. */
export async function noteDecided(
  db: Executor,
  { id, state }: Pick<Engine, 'id' | 'state'>,
  of: { readonly decided: Decided; readonly answers: boolean; readonly port: number },
): Promise<boolean> {
  const { decided, answers, port } = of;
  const { rows } = await sql`
    update engine
    set port = ${port}, state_at = case when state = ${decided.state} and restarts = ${decided.restarts} then state_at else app_now() end,
        state = ${decided.state}, failures = ${decided.failures}, restarts = ${decided.restarts},
        problem = ${decided.problem}, seen_at = app_now(),
        heartbeat_at = case when ${answers} then app_now() else heartbeat_at end
    where id = ${id} and state = ${state}
    returning id
  `.execute(db);
  return rows.length > 0;
}

/** From any state in which it goes on, or may again. */
export async function endEngine(
  tx: Executor,
  id: string,
  to: Extract<EngineState, 'DRAINING' | 'STOPPED'>,
): Promise<Engine | null> {
  const { rows } = await sql<Engine>`
    update engine set state = ${to}, state_at = app_now()
    where id = ${id} and state not in ('STOPPED', ${to}) and (state <> 'ERROR' or replica is null) returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

/** N4. Nobody has looked after them for so long: their servers are gone. */
export async function failOrphans(db: Executor, silentMs: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update engine set state = 'ERROR', state_at = app_now(), problem = 'the server that started it is gone'
    where replica is not null and state not in ('STOPPED', 'ERROR')
      and seen_at < app_now() - ${silentMs} * interval '1 millisecond'
    returning id
  `.execute(db);
  return rows.map(({ id }) => id);
}

export async function deleteOver(tx: Tx): Promise<number> {
  const { rows } = await sql`
    delete from engine where state in ('STOPPED', 'ERROR') returning id
  `.execute(tx);
  return rows.length;
}
