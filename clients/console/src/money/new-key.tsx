import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { Field } from '../ui/field.tsx';
import { MakeOnce } from '../ui/make-once.tsx';
import type { ShownOnceProps } from '../ui/shown-once.tsx';
import { wordsOf } from '../ui/words-of.ts';
import { keySnippets } from './key-snippets.ts';

const DAY_SECONDS = 86_400;

export function NewKey(): ReactElement {
  const act = useAct('gateway.createKey');
  const models = useQuery(ask('gateway.listModels', { query: {} }));
  const make = async (data: (name: string) => string): Promise<ShownOnceProps | null> => {
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
    if (answer === null) return null;
    const model = answer.models[0] ?? models.data?.data[0]?.id ?? 'simulated';
    const snippets = keySnippets(SERVER_URL, answer.key, model);
    return { what: 'The virtual key', secret: answer.key, snippets };
  };
  return (
    <MakeOnce
      act={act}
      what="virtual key"
      short="key"
      make={make}
      fields={
        <>
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
        </>
      }
    />
  );
}
