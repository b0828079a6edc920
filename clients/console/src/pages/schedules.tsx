import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { NewSchedule } from '../fleet/new-schedule.tsx';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Schedule = CallOutput<'runs.listSchedules'>['schedules'][number];

const EVERY_MS = 5_000;

export function SchedulesPage(): ReactElement {
  const { data, error, refetch } = useQuery({
    ...ask('runs.listSchedules', {}),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Page
      title="Schedules"
      about="Runs that are submitted at every instant of a cron expression."
      actions={<NewSchedule />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table<Schedule>
            label="Schedules"
            rows={data.schedules}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="There is no schedule yet. One that runs on weekdays at seven:"
                command={
                  'sagewai schedules create --name digest --cron "0 7 * * MON-FRI" --model simulated --message "Good morning"'
                }
              />
            }
            columns={[
              {
                name: 'State',
                show: ({ paused }) => (
                  <Badge tone={paused ? 'warn' : 'ok'}>{paused ? 'paused' : 'on'}</Badge>
                ),
              },
              { name: 'Name', show: ({ name }) => name },
              {
                name: 'When',
                show: ({ cron, time_zone: zone }) => (
                  <code className="font-mono text-xs whitespace-nowrap">{`${cron} ${zone}`}</code>
                ),
              },
              { name: 'Next', show: ({ next_at: at }) => <Time at={at} otherwise="never" /> },
              {
                name: 'While one runs',
                show: ({ overlap }) => overlap.replaceAll('_', ' '),
                isExtra: true,
              },
              { name: 'Made', show: ({ created_at: at }) => <Time at={at} />, isExtra: true },
              {
                name: 'Actions',
                show: (schedule) => <Actions schedule={schedule} />,
                isNumber: true,
              },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function Actions({ schedule }: { schedule: Schedule }): ReactElement {
  const trigger = useAct('runs.triggerSchedule');
  const update = useAct('runs.updateSchedule');
  const navigate = useNavigate();
  const params = { schedule: schedule.id };
  const error = trigger.error ?? update.error;
  const start = async (): Promise<void> => {
    const started = await trigger.run({ params });
    if (started !== null) void navigate({ to: '/runs/$runId', params: { runId: started.run_id } });
  };
  return (
    <span className="flex flex-wrap justify-end gap-1.5">
      <ActButton act={trigger} onAct={() => void start()}>
        Run now
      </ActButton>
      <ActButton
        act={update}
        onAct={() => void update.run({ params, body: { paused: !schedule.paused } })}
      >
        {schedule.paused ? 'Let it go on' : 'Pause'}
      </ActButton>
      {error === null ? null : <Failure error={error} />}
    </span>
  );
}
