import type { ReactElement } from 'react';

import { Choice, Field } from '../ui/field.tsx';
import { filled } from './filled.ts';
import { ManyRuns } from './many-runs.tsx';

const STATES = ['queued', 'scheduled', 'running', 'waiting'] as const;

export function CancelMany(): ReactElement {
  return (
    <ManyRuns
      id="runs.cancelRuns"
      words={{ verb: 'Cancel', done: 'cancelled', title: 'Cancel many runs' }}
      filterOf={(data) => filled(data, ['state', 'pool', 'model'], ['older_than_seconds'])}
      fields={
        <>
          <Choice label="State" name="state">
            <option value="">every state</option>
            {STATES.map((state) => (
              <option key={state}>{state}</option>
            ))}
          </Choice>
          <Field label="Pool" name="pool" placeholder="any" />
          <Field label="Model" name="model" placeholder="any" />
          <Field
            label="Submitted at least so many seconds ago"
            name="older_than_seconds"
            type="number"
            min={0}
            placeholder="any"
          />
        </>
      }
    />
  );
}
