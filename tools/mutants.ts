/** A line that keeps an invariant, what is left when somebody removes it, and the tests that notice. */
export interface SourceMutant {
  readonly name: string;
  readonly file: string;
  /** There exactly once: a change to the line fails the check loudly instead of testing nothing. */
  readonly from: string;
  readonly to: string;
  readonly project: 'unit' | 'pg';
  readonly tests: string;
}

const FLEET = 'planes/fleet/src';
const SQL = 'db/functions/fleet';

export const SOURCE_MUTANTS: readonly SourceMutant[] = [
  {
    name: 'F1: a report counts in any session',
    file: `${SQL}/report.sql`,
    from: 'and l.session_epoch = g.session_epoch                          -- F1',
    to: '',
    project: 'pg',
    tests: `${FLEET}/dispatch/leases.pg.test.ts`,
  },
  {
    name: 'F1: a take-back takes a lease that is not the one that was seen',
    file: `${SQL}/take-back.sql`,
    from: 'where l.run_id = g.run_id and l.epoch = g.epoch  -- F1',
    to: 'where l.run_id = g.run_id',
    project: 'pg',
    tests: `${FLEET}/dispatch/leases.pg.test.ts`,
  },
  {
    name: 'F2: what is submitted is stored, and not queued',
    file: `${SQL}/submit.sql`,
    from: 'from fresh f where f.run_at is null or f.run_at <= app_now()',
    to: 'from fresh f where false',
    project: 'pg',
    tests: `${FLEET}/dispatch/queue.pg.test.ts`,
  },
  {
    name: 'F2: what goes back to the queue is nowhere',
    file: `${SQL}/take-back.sql`,
    from: `from back b where b.how = 'requeued'`,
    to: 'from back b where false',
    project: 'pg',
    tests: `${FLEET}/dispatch/leases.pg.test.ts`,
  },
  {
    name: 'F3: the pool does not count',
    file: `${FLEET}/matching/match-class.ts`,
    from: 'of.pool === pool &&',
    to: '',
    project: 'unit',
    tests: `${FLEET}/matching/match-class.test.ts`,
  },
  {
    name: 'F3: the models do not count',
    file: `${FLEET}/matching/match-class.ts`,
    from: '(model === ANY_MODEL || of.models.includes(model)) &&',
    to: '',
    project: 'unit',
    tests: `${FLEET}/matching/match-class.test.ts`,
  },
  {
    name: 'F3: a label that is missing does not count',
    file: `${FLEET}/matching/match-class.ts`,
    from: 'Object.hasOwn(of.labels, name) && of.labels[name] === value',
    to: '!Object.hasOwn(of.labels, name) || of.labels[name] === value',
    project: 'unit',
    tests: `${FLEET}/matching/match-class.test.ts`,
  },
  {
    name: 'F3: the organization does not count',
    file: `${FLEET}/dispatch/group.ts`,
    from: 'if (capabilities.orgId !== orgId) return;',
    to: '',
    project: 'unit',
    tests: `${FLEET}/dispatch/group.test.ts`,
  },
  {
    name: 'F3: the project of a worker does not count',
    file: `${FLEET}/dispatch/group.ts`,
    from: 'if (capabilities.projectId !== null && capabilities.projectId !== projectId) return;',
    to: '',
    project: 'unit',
    tests: `${FLEET}/dispatch/group.test.ts`,
  },
  {
    name: 'F3: the content of a run is read as anybody',
    file: `${SQL}/claim.sql`,
    from: `perform set_config('sagewai.orgs', p_org::text, true);`,
    to: `perform set_config('sagewai.orgs', (select string_agg(distinct org_id::text, ',') from subqueue), true);`,
    project: 'pg',
    tests: `${FLEET}/dispatch/queue.pg.test.ts`,
  },
  {
    name: 'F4: rows are taken by a join',
    file: `${SQL}/claim.sql`,
    from: 'delete from ready r where r.ctid = any(array(select p.tid from picked p)) returning r.*',
    to: 'delete from ready r using picked p where r.run_id in (select x.run_id from ready x where x.ctid = p.tid) returning r.*',
    project: 'pg',
    tests: `${FLEET}/dispatch/queue.pg.test.ts`,
  },
  {
    name: 'F5: what a project was given costs it nothing',
    file: `${FLEET}/dispatch/fair-share.ts`,
    from: 'seat.clock += this.#perWeight(member, costOf(member));',
    to: '',
    project: 'unit',
    tests: `${FLEET}/dispatch/fair-share.test.ts`,
  },
  {
    name: 'F5: who wanted nothing saves it up',
    file: `${FLEET}/dispatch/fair-share.ts`,
    from: 'if (seat.clock < this.#time) {',
    to: 'if (seat.clock < 0) {',
    project: 'unit',
    tests: `${FLEET}/dispatch/fair-share.test.ts`,
  },
  {
    name: 'F6: a repeated poll is not given what it was given before',
    file: `${SQL}/claim.sql`,
    from: 'and l.poll_id = p.poll_id  -- F6',
    to: 'and false',
    project: 'pg',
    tests: `${FLEET}/dispatch/queue.pg.test.ts`,
  },
  {
    name: 'F7: two claims look at a limit at the same time',
    file: `${SQL}/admit.sql`,
    from: 'perform from dispatch_limit d where d.limit_id = any(v_ids) order by d.limit_id for update;  -- F7',
    to: '',
    project: 'pg',
    tests: `${FLEET}/limits/limits.pg.test.ts`,
  },
  {
    name: 'F8: two submissions look at a bound at the same time',
    file: `${SQL}/make-room.sql`,
    from: 'perform from dispatch_limit d where d.limit_id = any(v_ids) order by d.limit_id for update;  -- F8',
    to: '',
    project: 'pg',
    tests: `${FLEET}/limits/limits.pg.test.ts`,
  },
  {
    name: 'S1: an instant that has fired fires again',
    file: `${FLEET}/schedules/fire-schedule.ts`,
    from: `if (!(await insertFiring(tx, { schedule, at, how: 'submitted', runId }))) return 'done';`,
    to: `await insertFiring(tx, { schedule, at, how: 'submitted', runId });`,
    project: 'pg',
    tests: `${FLEET}/schedules/schedules.pg.test.ts`,
  },
  {
    name: 'W2: an answer ends a wait that is over',
    file: `${SQL}/resume.sql`,
    from: 'and (p_wait is null or v_wait.epoch = p_wait)',
    to: '',
    project: 'pg',
    tests: `${FLEET}/waits/waits.pg.test.ts`,
  },
  {
    name: 'a dead letter is repeated as often as somebody asks',
    file: `${FLEET}/dead-letters/dead-letters.sql.ts`,
    from: 'for update',
    to: '',
    project: 'pg',
    tests: `${FLEET}/dead-letters/dead-letters.pg.test.ts`,
  },
];
