import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';

/** A message to a model at every instant of a cron expression; the table then says when the next is. */
export function NewSchedule(): ReactElement {
  const act = useAct('runs.createSchedule');
  const [isOpen, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
    act.reset();
  };
  const make = async (data: (name: string) => string): Promise<void> => {
    const model = data('model');
    const made = await act.run({
      body: {
        name: data('name').trim(),
        cron: data('cron').trim(),
        time_zone: data('zone').trim(),
        submission: {
          model,
          payload: { agent: { name: data('name').trim(), model }, message: data('message') },
        },
      },
    });
    if (made !== null) close();
  };
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        New schedule
      </ActButton>
      <Dialog title="New schedule" isOpen={isOpen} onClose={close} isWide>
        <Form action="Make it" isPending={act.isPending} onSubmit={(data) => void make(data)}>
          <ScheduleFields />
          {act.error === null ? null : <Failure error={act.error} />}
        </Form>
      </Dialog>
    </>
  );
}

function ScheduleFields(): ReactElement {
  const models = useQuery(ask('gateway.listModels', { query: {} }));
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Name" name="name" required autoFocus placeholder="digest" />
        <Choice label="Model" name="model">
          {models.data?.data.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </Choice>
        <Field
          label="When"
          name="cron"
          required
          placeholder="0 7 * * MON-FRI"
          hint="Minute, hour, day of the month, month, day of the week; or @daily."
        />
        <Field
          label="Time zone"
          name="zone"
          required
          defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone}
        />
      </div>
      <Field label="Message" name="message" required placeholder="Good morning" />
    </>
  );
}
