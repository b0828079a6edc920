import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { NewGuardrail } from '../gateway/new-guardrail.tsx';
import { TryGuardrail } from '../gateway/try-guardrail.tsx';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

type Guardrail = CallOutput<'gateway.listGuardrails'>['guardrails'][number];

const TONES = { flag: 'info', redact: 'warn', block: 'bad' } as const;
const IN_FILE = 'It stands in the models file, and is changed there.';

export function GuardrailsPage(): ReactElement {
  const { data, error, refetch } = useQuery(ask('gateway.listGuardrails', {}));
  return (
    <Page
      title="Guardrails"
      about="Rules about what models are given to read, and what they write."
      actions={<NewGuardrail />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : <Guardrails guardrails={data.guardrails} />}
      </Panel>
      {data === undefined ? null : (
        <Panel title="Try one">
          <TryGuardrail
            names={data.guardrails.filter(({ kind }) => kind !== 'webhook').map(({ name }) => name)}
          />
        </Panel>
      )}
    </Page>
  );
}

function Guardrails({ guardrails }: { guardrails: readonly Guardrail[] }): ReactElement {
  const projects = useQuery(ask('identity.listProjects', { query: { limit: 200 } }));
  const names = new Map(projects.data?.projects.map(({ id, name }) => [id, name]));
  return (
    <Table<Guardrail>
      label="Guardrails"
      rows={guardrails}
      keyOf={({ id, name }) => id ?? name}
      empty={
        <Empty
          what="Models are given whatever is sent. Make a guardrail above, or:"
          command="sagewai guardrails create --name personal-data --kind pii --sees both --every-call"
        />
      }
      columns={[
        { name: 'Name', show: ({ name }) => name },
        {
          name: 'Looks for',
          show: ({ kind, looks_for: what }) => (
            <span className="line-clamp-2" title={what.join(', ')}>
              {kind}: {what.join(', ') || 'what it finds'}
            </span>
          ),
        },
        { name: 'Then', show: ({ action }) => <Badge tone={TONES[action]}>{action}</Badge> },
        {
          name: 'Sees',
          show: ({ before, after }) =>
            before && after ? 'both ways' : before ? 'what is asked' : 'what is answered',
          isExtra: true,
        },
        {
          name: 'Of',
          show: ({ default_on: isAlways, project_id: project }) =>
            `${isAlways ? 'every call' : 'calls that name it'}${project === null ? '' : `, in ${names.get(project) ?? project}`}`,
          isExtra: true,
        },
        { name: 'Actions', show: (guardrail) => <Actions of={guardrail} />, isNumber: true },
      ]}
    />
  );
}

function Actions({ of }: { of: Guardrail }): ReactElement {
  const update = useAct('gateway.updateGuardrail');
  const remove = useAct('gateway.deleteGuardrail');
  const error = update.error ?? remove.error;
  const unless = of.id === null ? IN_FILE : null;
  const params = { guardrail_id: of.id ?? '' };
  return (
    <span className="flex flex-wrap justify-end gap-1.5">
      <ActButton
        act={update}
        unless={unless}
        onAct={() => void update.run({ params, body: { default_on: !of.default_on } })}
      >
        {of.default_on ? 'Only where named' : 'For every call'}
      </ActButton>
      <ActButton
        act={remove}
        look="danger"
        unless={unless ?? (of.default_on ? 'Let it be for those that name it first.' : null)}
        onAct={() => void remove.run({ params })}
      >
        Delete
      </ActButton>
      {error === null ? null : <Failure error={error} />}
    </span>
  );
}
