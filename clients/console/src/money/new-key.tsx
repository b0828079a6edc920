import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { ShownOnce } from '../ui/shown-once.tsx';
import { wordsOf } from '../ui/words-of.ts';
import { keySnippets } from './key-snippets.ts';

const DAY_SECONDS = 86_400;

export function NewKey(): ReactElement {
  const act = useAct('gateway.createKey');
  const models = useQuery(ask('gateway.listModels', { query: {} }));
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<{ key: string; models: readonly string[] } | null>(null);
  const close = (): void => {
    setOpen(false);
    setMade(null);
    act.reset();
  };
  const make = async (data: (name: string) => string): Promise<void> => {
    const given = (name: string): string | undefined => data(name).trim() || undefined;
    const perDay = given('day');
    const inTotal = given('total');
    const perMinute = given('requests');
    const days = given('days');
    const answer = await act.run({
      body: {
        name: data('name').trim(),
        models: wordsOf(data('models')),
        budget: {
          ...(perDay === undefined ? {} : { usd_per_day: perDay }),
          ...(inTotal === undefined ? {} : { usd_in_total: inTotal }),
        },
        ...(perMinute === undefined ? {} : { requests_per_minute: Number(perMinute) }),
        ...(days === undefined ? {} : { expires_in_seconds: Number(days) * DAY_SECONDS }),
      },
    });
    if (answer !== null) setMade(answer);
  };
  const model = made?.models[0] ?? models.data?.data[0]?.id ?? 'simulated';
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        New key
      </ActButton>
      <Dialog
        title={made === null ? 'New virtual key' : 'The key is made'}
        isOpen={isOpen}
        onClose={close}
        isWide
      >
        {made === null ? (
          <Form
            action="Make the key"
            isPending={act.isPending}
            onSubmit={(data) => void make(data)}
          >
            <Field
              label="Name"
              name="name"
              required
              autoFocus
              placeholder="web team"
              hint="For you to recognise it by."
            />
            <Field
              label="Models that it may call"
              name="models"
              placeholder="every model"
              hint="Several, by comma."
            />
            <div className="grid gap-3 sm:grid-cols-2">
              <Field
                label="US dollars a day"
                name="day"
                inputMode="decimal"
                pattern="[0-9]+(\.[0-9]{1,12})?"
                placeholder="no limit"
                hint="Until midnight UTC."
              />
              <Field
                label="US dollars in all"
                name="total"
                inputMode="decimal"
                pattern="[0-9]+(\.[0-9]{1,12})?"
                placeholder="no limit"
              />
              <Field
                label="Requests a minute"
                name="requests"
                type="number"
                min={0}
                placeholder="no limit"
              />
              <Field
                label="Days until it expires"
                name="days"
                type="number"
                min={1}
                max={3_650}
                placeholder="never"
              />
            </div>
            {act.error === null ? null : <Failure error={act.error} />}
          </Form>
        ) : (
          <>
            <ShownOnce
              what="The virtual key"
              secret={made.key}
              snippets={keySnippets(SERVER_URL, made.key, model)}
            />
            <Button onClick={close} className="self-end">
              Done
            </Button>
          </>
        )}
      </Dialog>
    </>
  );
}
