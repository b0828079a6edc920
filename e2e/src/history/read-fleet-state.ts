import type { FinalState } from './event.ts';

type Of<Name extends 'attempts' | 'redrives' | 'firings'> = FinalState[Name][number];
type Read = <Row extends object>(text: string) => Promise<Row[]>;

/** What became of attempts, dead letters and schedules. */
export async function readFleetState(
  read: Read,
): Promise<Pick<FinalState, 'attempts' | 'redrives' | 'firings' | 'strays'>> {
  const strays = await read<{ runId: string }>(STRAYS);
  return {
    attempts: await read<Of<'attempts'>>(ATTEMPTS),
    redrives: await read<Of<'redrives'>>(REDRIVES),
    firings: await read<Of<'firings'>>(FIRINGS),
    strays: strays.map(({ runId }) => runId),
  };
}

const ATTEMPTS = `select run_id as "runId", epoch::float8 as epoch from attempt`;

const REDRIVES = `
  select redrive_of as "of", count(*)::int as runs from run where redrive_of is not null group by 1`;

const FIRINGS = `
  select f.schedule_id || ' at ' || f.planned_at as "plannedAt",
         (select count(*)::int from outcome o where o.run_id = f.run_id) as outcomes
  from firing f where f.how = 'submitted'`;

const STRAYS = `
  select r.run_id as "runId" from run r
  where r.submitted_by like 'schedule:%' and not exists (select from firing f where f.run_id = r.run_id)`;
