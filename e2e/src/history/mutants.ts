import pg from 'pg';

import type { Fault } from './actors/break-things.ts';

/** A line that keeps an invariant, and what is left when somebody removes it. */
interface MutantFunction extends Named {
  readonly function: string;
  readonly from: string;
  readonly to: string;
}

interface Named {
  readonly name: string;
  /** What the checker must say. */
  readonly expected: RegExp;
  /** Left to `npm run check:history -- --mutants`: another here shows the same kind of promise. */
  readonly isSlow?: true;
  /** What has to break for the line to matter; else nothing does. */
  readonly faults?: readonly Fault[];
  /** Whether it is a history of months that shows it. */
  readonly inMonths?: true;
}

/** What is removed is the journal itself, of a server that is killed: as if nobody looked into it. */
interface MutantJournal extends Named {
  readonly losesJournal: true;
}

export type Mutant = MutantFunction | MutantJournal;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'F1: a report is not fenced by its epoch',
    expected: /^H[34]: /,
    function: 'fleet_report',
    from: 'and (l.epoch = g.epoch or (g.epoch is null and l.flat))        -- F1',
    to: '',
  },
  {
    name: 'F2: a run that is put off is stored, but nowhere queued',
    expected: /^H1: /,
    function: 'fleet_submit',
    from: 'from fresh f where f.run_at > app_now()',
    to: 'from fresh f where false',
  },
  {
    name: 'F6: a repeated poll is not given what it was given before',
    expected: /^H15: /,
    function: 'fleet_claim',
    from: 'and l.poll_id = p.poll_id  -- F6',
    to: 'and false',
  },
  {
    name: 'what is put off is released at once',
    expected: /^H10: /,
    function: 'fleet_release_scheduled',
    from: 'where s.due_at <= app_now()',
    to: 'where true',
    isSlow: true,
  },
  {
    name: 'what a policy forbids is tried again',
    expected: /^H11: /,
    function: 'fleet_retry_delay',
    from: `if v_rule = 'false' then`,
    to: 'if false then',
    isSlow: true,
  },
  {
    name: 'F1: a run that waits keeps its lease',
    expected: /^H13: /,
    function: 'fleet_wait',
    from: 'delete from lease l where l.run_id = v_wait.run_id;',
    to: '',
    isSlow: true,
  },
  {
    name: 'C2: what is under a cancelled run goes on',
    expected: /^H17: /,
    function: 'fleet_cancel',
    from: 'where u.run_id <> all(v_seen) order by',
    to: 'where false order by',
  },
  {
    name: 'a wait for children ends while one of them is under way',
    expected: /^H18: /,
    function: 'fleet_end_child_waits',
    from: 'and not exists (select from outcome o where o.run_id = c.run_id)',
    to: 'and false',
    isSlow: true,
  },
  {
    name: 'M1: what is admitted is not taken from what is left',
    expected: /^H7: /,
    function: 'ledger_reserve',
    from: 'v_left[v_position] := v_left[v_position] - v_fit; -- M1',
    to: '',
  },
  {
    name: 'S1: what goes into a share is not taken from its budget',
    expected: /^H[78]: /,
    function: 'ledger_book',
    from: 'reserved = b.reserved + b.granted',
    to: 'reserved = b.reserved',
  },
  {
    name: 'M2: what nobody settles in time is never booked',
    expected: /^H19: .* reserved/,
    isSlow: true,
    faults: ['kill a server'],
    function: 'ledger_expire',
    from: 'where r.expires_at <= app_clock()',
    to: 'where false',
  },
  {
    name: 'M2: what expires is booked as if it had cost nothing',
    expected: /^H19: /,
    isSlow: true,
    faults: ['kill a server'],
    function: 'ledger_expire',
    from: 'array_agg(d.amount_pusd) as cost',
    to: 'array_agg(0::bigint) as cost',
  },
  {
    name: 'M2: what is settled is not taken from what is open',
    expected: /^H19: .* reserved/,
    isSlow: true,
    function: 'ledger_settle',
    from: 'delete from reservation r using given g where r.id = g.id and r.org_id = g.org -- B3\n    returning r.*',
    to: 'select r.* from reservation r join given g on r.id = g.id and r.org_id = g.org',
  },
  {
    name: 'B3: what is settled late is not corrected',
    expected: /^H6: /,
    isSlow: true,
    faults: ['stop a server'],
    function: 'ledger_settle',
    from: "where g.status <> 'expired'",
    to: 'where false',
  },
  {
    name: 'M2: shares of a server that was killed are not booked',
    expected: /^H8: ledger: /,
    isSlow: true,
    faults: ['kill a server'],
    function: 'ledger_forfeit',
    from: 'where s.holding_id = any(v_due) and s.amount > 0',
    to: 'where false',
  },
  {
    name: 'B1: 30 days are 29 and what is of today',
    expected: /^H21: /,
    isSlow: true,
    inMonths: true,
    function: 'ring_after',
    from: 'for v_slot in v_from + 1 .. v_to loop',
    to: 'for v_slot in v_from + 1 .. v_to + 1 loop',
  },
  {
    name: 'F7: a cap counts no leases',
    expected: /^H9: /,
    function: 'fleet_limit_left',
    from: 'else (select count(*) from lease l where l.key_cap = p_limit.limit_id) end);  -- F7',
    to: 'else 0 end);',
  },
  {
    name: 'T1: an audit entry does not link to the one before',
    expected: /^H8: audit: /,
    function: 'audit_append',
    from: 'v_seq := v_seq + 1;',
    to: `v_seq := v_seq + 1; v_previous := decode(repeat('00', 32), 'hex');`,
  },
  {
    name: 'J2: what is in the journal of a server that was killed is not booked',
    expected: /^H6: /,
    isSlow: true,
    faults: ['kill a server that cannot book'],
    losesJournal: true,
  },
];

/** Changes a function in the database. Throws when the line is not there exactly once. */
export async function applyMutant(adminUrl: string, mutant: Mutant): Promise<void> {
  if ('losesJournal' in mutant) return;
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ text: string }>(
      `select pg_get_functiondef(p.oid) as text from pg_proc p where p.proname = $1`,
      [mutant.function],
    );
    const [definition] = rows;
    const found = definition ? definition.text.split(mutant.from).length - 1 : 0;
    if (!definition || rows.length !== 1 || found !== 1) {
      throw new Error(`${mutant.name}: its line is ${found} times in ${mutant.function}, not once`);
    }
    await client.query(definition.text.replace(mutant.from, () => mutant.to));
  } finally {
    await client.end();
  }
}
