import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useWhoAmI } from '../api/session.ts';
import { useAct } from '../api/use-act.ts';
import { Balances, type Budget } from '../money/balances.tsx';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

const EVERY_MS = 3_000;

export function BudgetsPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const { data, error, refetch } = useQuery({
    ...ask('ledger.listBudgets', { query: { limit: 200 } }),
    refetchInterval,
  });
  const projects = useQuery(ask('identity.listProjects', { query: { limit: 200 } }));
  const keys = useQuery(ask('gateway.listKeys', { query: { limit: 200 } }));
  const names = new Map(
    [...(projects.data?.projects ?? []), ...(keys.data?.keys ?? [])].map(({ id, name }) => [
      id,
      name,
    ]),
  );
  return (
    <Page
      title="Budgets"
      about="What may be spent, by whom. A call that would exceed any of them is refused before it is made."
      actions={<SetBudget projects={projects.data?.projects ?? []} />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table<Budget>
            label="Budgets"
            rows={data.budgets}
            keyOf={({ scope_kind: kind, scope_id: id }) => `${kind} ${id}`}
            empty={
              <Empty
                what="Nobody has a limit yet. Set one above, or:"
                command="sagewai budgets set organization --usd-per-month 2000"
              />
            }
            columns={[
              { name: 'Of', show: ({ scope_kind: kind }) => kind },
              {
                name: 'Name',
                show: ({ scope_kind: kind, scope_id: id }) =>
                  kind === 'organization' ? 'the whole organization' : (names.get(id) ?? id),
              },
              { name: 'Limits', show: ({ balances }) => <Balances balances={balances} /> },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

const PERIODS = [
  ['usd_per_hour', 'US dollars an hour'],
  ['usd_per_day', 'US dollars a day'],
  ['usd_per_week', 'US dollars a week'],
  ['usd_per_month', 'US dollars a month'],
  ['usd_per_30_days', 'US dollars in any 30 days'],
  ['usd_in_total', 'US dollars in all'],
] as const;

/** Replaces the limits of the organization or of a project. */
function SetBudget({
  projects,
}: {
  projects: readonly { readonly id: string; readonly name: string }[];
}): ReactElement {
  const act = useAct('ledger.setBudget');
  const { data: me } = useWhoAmI();
  const [isOpen, setOpen] = useState(false);
  const set = async (data: (name: string) => string): Promise<void> => {
    const project = data('scope');
    const limits = Object.fromEntries(PERIODS.map(([name]) => [name, data(name).trim() || null]));
    const done = await act.run({
      params:
        project === ''
          ? { scope_kind: 'organization', scope_id: me?.organization?.id ?? '' }
          : { scope_kind: 'project', scope_id: project },
      body: limits,
    });
    if (done !== null) setOpen(false);
  };
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        Set a budget
      </ActButton>
      <Dialog title="Set a budget" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Form action="Set it" isPending={act.isPending} onSubmit={(data) => void set(data)}>
          <label className="flex flex-col gap-1">
            <span className="text-xs font-medium">Of</span>
            <select
              name="scope"
              className="border-line-strong bg-raised h-8 rounded-sm border px-2"
            >
              <option value="">the whole organization</option>
              {projects.map(({ id, name }) => (
                <option key={id} value={id}>
                  project {name}
                </option>
              ))}
            </select>
          </label>
          {PERIODS.map(([name, label]) => (
            <Field
              key={name}
              label={label}
              name={name}
              inputMode="decimal"
              pattern="[0-9]+(\.[0-9]{1,12})?"
              placeholder="no limit"
            />
          ))}
          <p className="text-muted text-xs">
            What is left empty has no limit any more. Periods are of UTC.
          </p>
          {act.error === null ? null : <Failure error={act.error} />}
        </Form>
      </Dialog>
    </>
  );
}
