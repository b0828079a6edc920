import type { CallInput, CallOutput } from '@sagewai/sdk';
import type { ReactElement } from 'react';

import { useAct } from '../api/use-act.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

type Settings = CallOutput<'fleet.getAnomalySettings'>;
type Name = keyof Settings['defaults'];

const WORDS = {
  claims_per_minute: 'Polls that get nothing, a minute',
  failures_per_hour: 'Failed runs, an hour',
  silence_seconds: 'Seconds without a heartbeat',
  mismatches_per_hour: 'Runs answered by another model, an hour',
  window_seconds: 'Seconds in which kinds come together',
  kinds_to_revoke: 'Kinds that revoke the worker; 0: none',
} as const satisfies Record<Name, string>;

const NAMES = Object.keys(WORDS) as readonly Name[];

/** What counts as an anomaly, in the organization and in pools of their own mind. */
export function AnomalyThresholds({ settings }: { settings: Settings }): ReactElement {
  const pools = settings.settings.filter(({ pool }) => pool !== null);
  const own = settings.settings.find(({ pool }) => pool === null);
  return (
    <Panel title="What counts as one" actions={<Change settings={settings} />} isFlush>
      <Table<Name>
        label="Thresholds of anomalies"
        rows={NAMES}
        keyOf={(name) => name}
        empty={null}
        columns={[
          { name: 'More than', show: (name) => WORDS[name] },
          {
            name: 'In the organization',
            show: (name) => own?.[name] ?? settings.defaults[name],
            isNumber: true,
          },
          {
            name: 'Where nobody has said',
            show: (name) => settings.defaults[name],
            isNumber: true,
            isExtra: true,
          },
          ...pools.map((of) => ({
            name: `In pool ${of.pool}`,
            show: (name: Name) => of[name] ?? '–',
            isNumber: true,
            isExtra: true,
          })),
        ]}
      />
    </Panel>
  );
}

function Change({ settings }: { settings: Settings }): ReactElement {
  const act = useAct('fleet.setAnomalySettings');
  const own = settings.settings.find(({ pool }) => pool === null);
  return (
    <ActDialog
      act={act}
      title="What counts as an anomaly"
      button="Change …"
      look="plain"
      action="Let it count so"
      onSubmit={(data) => act.run({ body: thresholdsOf(data) })}
      fields={
        <>
          <Field label="Pool" name="pool" placeholder="the organization" autoFocus />
          <div className="grid gap-3 sm:grid-cols-2">
            {NAMES.map((name) => (
              <Field
                key={name}
                label={WORDS[name]}
                name={name}
                type="number"
                min={name === 'kinds_to_revoke' ? 0 : 1}
                defaultValue={own?.[name] ?? ''}
                placeholder={String(settings.defaults[name])}
              />
            ))}
          </div>
        </>
      }
    />
  );
}

/** What is left empty is as where nobody has said. */
function thresholdsOf(
  data: (name: string) => string,
): NonNullable<CallInput<'fleet.setAnomalySettings'>['body']> {
  const of = (name: Name): number | null => (data(name) === '' ? null : Number(data(name)));
  const pool = data('pool').trim();
  return {
    ...(pool === '' ? {} : { pool }),
    claims_per_minute: of('claims_per_minute'),
    failures_per_hour: of('failures_per_hour'),
    silence_seconds: of('silence_seconds'),
    mismatches_per_hour: of('mismatches_per_hour'),
    window_seconds: of('window_seconds'),
    kinds_to_revoke: of('kinds_to_revoke'),
  };
}
