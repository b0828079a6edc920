import type { ReactElement } from 'react';

import { Field } from '../ui/field.tsx';
import { filled } from './filled.ts';
import { ManyRuns } from './many-runs.tsx';

/** Repeats, or takes off the list, all dead letters that a filter finds. */
export function DeadMany(): ReactElement {
  const fields = (
    <>
      <Field label="Class of the error" name="error_class" placeholder="any" />
      <Field label="Pool" name="pool" placeholder="any" />
      <Field label="Model" name="model" placeholder="any" />
      <Field
        label="Dead for at least so many seconds"
        name="older_than_seconds"
        type="number"
        min={0}
        placeholder="any"
      />
    </>
  );
  const filterOf = (data: (name: string) => string): ReturnType<typeof filled> =>
    filled(data, ['error_class', 'pool', 'model'], ['older_than_seconds']);
  return (
    <>
      <ManyRuns
        id="fleet.redriveDeadLetters"
        words={{ verb: 'Repeat', done: 'repeated', title: 'Repeat many dead runs' }}
        fields={fields}
        filterOf={filterOf}
      />
      <ManyRuns
        id="fleet.discardDeadLetters"
        words={{ verb: 'Discard', done: 'discarded', title: 'Take many off the list' }}
        fields={fields}
        filterOf={filterOf}
      />
    </>
  );
}
