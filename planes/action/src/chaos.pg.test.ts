import { type Db, sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import type { ActionFixture } from './action-fixture.ts';
import { actionTest as test } from './action-test.ts';
import type { Behaviour } from './tool-server-fixture.ts';

const CALLS = 120;
const TOOLS = ['pay', 'look'] as const;

interface Asked {
  readonly tool: (typeof TOOLS)[number];
  readonly key: string;
}

/** It has had its effect, and answers when it is let. */
interface Hanging {
  readonly asked: Asked;
  readonly release: () => void;
}

interface Row {
  readonly id: string;
  readonly tool: string;
  readonly state: string;
  readonly error: string | null;
  readonly attempt: number;
  readonly called: number;
  readonly lost: number;
}

/** What may happen to one request, and whether the tool has had its effect then. */
const FATES = {
  answers: true,
  'has its effect, and the answer is cut off': true,
  'has its effect, and what stands before it says 502': true,
  'is busy': false,
  refuses: false,
  'answers garbage': true,
  'answers after its server was given up': true,
} as const;
type Fate = keyof typeof FATES;
const NAMES = Object.keys(FATES) as Fate[];

test('whatever happens to tools, servers and callers, each effect has its call, and each call its effect or an unknown', async ({
  replicaWith,
  tools,
  owner,
}) => {
  const random = seeded(20_261_128);
  const effects: string[] = [];
  const waiting: Hanging[] = [];
  tools.server.behaviour = behaveBy(random, effects, waiting);
  const replicas = [replicaWith({}), replicaWith({})];
  const [first] = replicas as [ActionFixture];
  const output_schema = { type: 'object' };
  await first.tool('pay', `${tools.url}/pay`, { output_schema, retries: 2 });
  await first.tool('look', `${tools.url}/look`, { output_schema, retries: 2, mode: 'read_only' });

  const pending = new Set<Promise<unknown>>();
  const ask = ({ tool, key }: Asked): void => {
    const asked = pick(random, replicas)
      .ask(tool, { key }, 'write', { idempotency_key: `${tool} ${key}` })
      .finally(() => pending.delete(asked));
    pending.add(asked);
  };
  /** A server that hangs is given up, asked past, and comes back to life only after that. */
  const goOn = async (): Promise<void> => {
    const hanging = waiting.splice(0);
    if (hanging.length > 0) await expire(owner);
    for (const { asked } of hanging) ask(asked);
    // Whoever hangs now is the next one's.
    await Promise.race([...pending, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    if (random() < 0.5) await pick(random, replicas).sweep();
    for (const { release } of hanging) release();
  };
  for (let n = 0; n < CALLS; n += 1) {
    // Now and then somebody asks for the same again, elsewhere.
    ask({ tool: pick(random, TOOLS), key: `k${Math.floor(random() * CALLS)}` });
    if (pending.size >= 8) await goOn();
  }
  while (pending.size > 0) await goOn();
  await expire(owner);
  await first.sweep();

  const calls = await readCalls(owner);
  const ids = new Set(calls.map(({ id }) => id));
  // A1. There is no effect that nothing was written of before.
  expect(effects.filter((id) => !ids.has(id))).toEqual([]);
  const wrong = calls.filter(
    (call) => !isAccountedFor(call, effects.filter((id) => id === call.id).length),
  );
  expect(wrong).toEqual([]);
  // The run has seen what it is for.
  const seen = new Set(calls.map(({ tool, state }) => `${tool} ${state}`));
  expect([...seen]).toEqual(
    expect.arrayContaining(['look completed', 'pay completed', 'pay failed', 'pay unknown']),
  );
}, 60_000);

/** What is not to be repeated has at most one effect, and where it has one, it says so or that nobody knows. */
function isAccountedFor(
  { tool, state, error, attempt, called, lost }: Row,
  effects: number,
): boolean {
  // What may be repeated is made again over what was given up, without a word: it has an end or an unknown at last.
  if (tool === 'look') return called + lost >= 1 && (state !== 'completed' || effects >= 1);
  if (attempt !== 1 || called + lost !== 1) return false;
  if (effects > 1) return false;
  if (state === 'completed') return effects === 1;
  if (state === 'unknown') return true;
  return effects === (error === 'garbage' ? 1 : 0);
}

function behaveBy(random: () => number, effects: string[], waiting: Hanging[]): Behaviour {
  return ({ headers, body, url }, response) => {
    const fate = pick(random, NAMES);
    if (FATES[fate]) effects.push(String(headers['idempotency-key']));
    const answer = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    if (fate === 'answers') answer(200, '{"done":true}');
    else if (fate === 'has its effect, and the answer is cut off') response.destroy();
    else if (fate === 'has its effect, and what stands before it says 502') answer(502, '{}');
    else if (fate === 'is busy') answer(503, '{}');
    else if (fate === 'refuses') answer(400, '{}');
    else if (fate === 'answers garbage') answer(200, '"no object"');
    else {
      const { key } = JSON.parse(body) as { key: string };
      const tool = url === '/pay' ? 'pay' : 'look';
      waiting.push({ asked: { tool, key }, release: () => answer(200, '{"done":"late"}') });
    }
  };
}

/** The time of all that is under way is up; what ends meanwhile is kept as long as what has ended. */
async function expire(owner: Db): Promise<void> {
  await sql`
    with running as (
      update tool_call set due_at = app_now() - interval '1 second' where state = 'running' returning id
    )
    update tool_call_due d set due_at = app_now() - interval '1 second' from running r where r.id = d.call_id
  `.execute(owner);
}

async function readCalls(owner: Db): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select c.id, c.tool_name as tool, c.state, c.error, c.attempt,
      count(*) filter (where a.action = 'tool.called')::int as called,
      count(*) filter (where a.action = 'tool.unknown')::int as lost
    from tool_call c left join audit_entry a on a.subject = 'tool_call:' || c.id
    group by c.org_id, c.id
  `.execute(owner);
  return rows;
}

const pick = <One>(random: () => number, of: readonly One[]): One =>
  of[Math.floor(random() * of.length)] as One;

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
