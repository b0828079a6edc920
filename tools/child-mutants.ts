import { FLEET, SQL, type SourceMutant } from './source-mutant.ts';

const CHILDREN = { project: 'pg', tests: `${FLEET}/runs/children.pg.test.ts` } as const;

/** Runs under runs. */
export const CHILD_MUTANTS: readonly SourceMutant[] = [
  {
    name: 'C1: a child of another project’s run',
    file: `${SQL}/adopt.sql`,
    from: ' and r.org_id = v_parent.org_id and r.project_id = v_parent.project_id;',
    to: ';',
    ...CHILDREN,
    only: 'C1',
  },
  {
    name: 'C2: a child escapes that is submitted while its parent is cancelled',
    file: `${SQL}/hold-open.sql`,
    from: 'from lease l where l.run_id = p_run.run_id for share;',
    to: 'from lease l where l.run_id = p_run.run_id;',
    ...CHILDREN,
    only: 'C2',
  },
  {
    name: 'C2: nobody looks again under what was cancelled',
    file: `${SQL}/cancel.sql`,
    from: 'v_seen := v_seen || v_next;',
    to: `exit when v_seen <> '{}'; v_seen := v_seen || v_next;`,
    ...CHILDREN,
    only: 'C2',
  },
  {
    name: 'C3: a tree has more children than it may',
    file: `${SQL}/adopt.sql`,
    from: `t.children < (v_child.parent ->> 'children_max')::integer`,
    to: 'true',
    ...CHILDREN,
    only: 'C3',
  },
  {
    name: 'C4: a child outlives the deadline of its parent',
    file: `${SQL}/adopt.sql`,
    from: 'least(deadlines[v_parent.ns[i]], v_run.deadline_at)',
    to: 'deadlines[v_parent.ns[i]]',
    ...CHILDREN,
    only: 'C4',
  },
  {
    name: 'E1: what people answer is stored in clear',
    file: `${FLEET}/secrecy/wait-contents.ts`,
    from: 'return sealer === null ? value : JSON.stringify(sealer.encrypt(runId, value));',
    to: 'return value;',
    project: 'pg',
    tests: `${FLEET}/secrecy/wait-contents.pg.test.ts`,
    only: 'what waits ask',
  },
];
