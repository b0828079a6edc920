import type { CallInput } from '@sagewai/sdk';
import type { ReactElement } from 'react';

import { useAct } from '../api/use-act.ts';
import { ProjectField } from '../shell/project-field.tsx';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { wordsOf } from '../ui/words-of.ts';

const PERIODS = ['day', 'month'] as const;

export function NewAlertRule(): ReactElement {
  const act = useAct('ledger.createAlertRule');
  return (
    <ActDialog
      act={act}
      title="New alert rule"
      action="Make the rule"
      onSubmit={(data) => act.run({ body: ruleOf(data) })}
      fields={
        <>
          <Field label="Name" name="name" required autoFocus placeholder="web, by the day" />
          <div className="grid gap-3 sm:grid-cols-2">
            <ProjectField hint="Whose spend is looked at." none="the whole organization" />
            <Field
              label="Agent"
              name="agent"
              placeholder="all together"
              hint="Of a project: one of its agents."
            />
            <Choice label="In a" name="period">
              {PERIODS.map((period) => (
                <option key={period}>{period}</option>
              ))}
            </Choice>
            <Field
              label="US dollars that are all"
              name="limit"
              inputMode="decimal"
              pattern="[0-9]+(\.[0-9]{1,12})?"
              placeholder="the limit that there is"
            />
            <Field
              label="Told at, in percent"
              name="at"
              required
              defaultValue="50, 80, 100"
              pattern="\s*[0-9]{1,4}(\s*,\s*[0-9]{1,4})*\s*"
            />
            <Choice label="And when it is foreseen" name="forecast">
              <option value="yes">yes: when the spend so far leads there</option>
              <option value="no">no</option>
            </Choice>
          </div>
          <Field
            label="E-mail to"
            name="email"
            placeholder="nobody: webhooks alone"
            hint="Several, by comma. Webhooks of the organization are told anyway."
          />
        </>
      }
    />
  );
}

function ruleOf(data: (name: string) => string): CallInput<'ledger.createAlertRule'>['body'] {
  const given = (name: string): string | undefined => data(name).trim() || undefined;
  const project = given('project');
  const agent = given('agent');
  const limit = given('limit');
  return {
    name: data('name').trim(),
    period: PERIODS.find((each) => each === data('period')) ?? 'day',
    thresholds: wordsOf(data('at')).map(Number),
    on_forecast: data('forecast') === 'yes',
    email_to: wordsOf(data('email')),
    ...(project === undefined ? {} : { project }),
    ...(agent === undefined ? {} : { agent_name: agent }),
    ...(limit === undefined ? {} : { limit_usd: limit }),
  };
}
