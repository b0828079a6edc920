import type { CallInput } from '@sagewai/sdk';
import { type ReactElement, useState } from 'react';

import { useAct } from '../api/use-act.ts';
import { ProjectField } from '../shell/project-field.tsx';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { wordsOf } from '../ui/words-of.ts';

type Given = CallInput<'gateway.createGuardrail'>['body'];

const KINDS = {
  pii: 'personal data',
  secrets: 'keys and passwords',
  regex: 'a pattern of your own',
  webhook: 'what a service of yours finds',
} as const satisfies Record<Given['kind'], string>;
const ACTIONS = {
  block: 'the call is refused',
  redact: 'it is blacked out',
  flag: 'it is noted',
} as const satisfies Record<NonNullable<Given['action']>, string>;
const SEES = {
  before: 'what a model is to read',
  after: 'what a model wrote',
  both: 'both',
} as const;

type Kind = keyof typeof KINDS;

const isKind = (text: string): text is Kind => text in KINDS;
const isAction = (text: string): text is keyof typeof ACTIONS => text in ACTIONS;

export function NewGuardrail(): ReactElement {
  const act = useAct('gateway.createGuardrail');
  const [kind, setKind] = useState<Kind>('pii');
  return (
    <ActDialog
      act={act}
      title="New guardrail"
      action="Make the guardrail"
      onSubmit={(data) => act.run({ body: guardrailOf(kind, data) })}
      fields={
        <>
          <Field
            label="Name"
            name="name"
            required
            autoFocus
            pattern="\w[\w.\-]{0,99}"
            placeholder="personal-data"
          />
          <div className="grid gap-3 sm:grid-cols-2">
            <Choice
              label="It looks for"
              value={kind}
              onChange={({ target: { value } }) => {
                if (isKind(value)) setKind(value);
              }}
            >
              <Options of={KINDS} />
            </Choice>
            <Choice label="Where it finds some" name="action">
              <Options of={ACTIONS} />
            </Choice>
            <Choice label="It sees" name="sees" defaultValue="both">
              <Options of={SEES} />
            </Choice>
            <Choice label="Of which calls" name="which">
              <option value="all">every call</option>
              <option value="named">those whose key or request names it</option>
            </Choice>
          </div>
          <OfKind kind={kind} />
          <ProjectField hint="For whose calls it is." none="every project" />
        </>
      }
    />
  );
}

function Options({ of }: { of: Readonly<Record<string, string>> }): ReactElement {
  return (
    <>
      {Object.entries(of).map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </>
  );
}

function OfKind({ kind }: { kind: Kind }): ReactElement | null {
  if (kind === 'pii')
    return (
      <Field
        label="Which"
        name="entities"
        placeholder="all that are known"
        hint="Such as EMAIL_ADDRESS, IBAN_CODE; several by comma."
      />
    );
  if (kind === 'regex')
    return (
      <Field
        label="Pattern"
        name="pattern"
        required
        placeholder="TICKET=ACME-[0-9]{4}"
        hint="In the syntax of RE2, which has neither look-around nor back references."
        className="font-mono"
      />
    );
  if (kind === 'webhook')
    return (
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Address" name="url" type="url" required />
        <Field
          label="Secret"
          name="secret"
          type="password"
          autoComplete="off"
          hint="whsec_…; signs what it is sent."
        />
      </div>
    );
  return null;
}

function guardrailOf(kind: Kind, data: (name: string) => string): Given {
  const sees = data('sees');
  const action = data('action');
  const name = data('name').trim();
  const project = data('project').trim();
  const entities = wordsOf(data('entities'));
  const secret = data('secret').trim();
  return {
    name,
    kind,
    action: isAction(action) ? action : 'block',
    before: sees !== 'after',
    after: sees !== 'before',
    default_on: data('which') === 'all',
    ...(project === '' ? {} : { project }),
    ...(entities.length === 0 ? {} : { entities }),
    ...(kind === 'regex' ? { patterns: [{ name, pattern: data('pattern') }] } : {}),
    ...(kind === 'webhook' ? { url: data('url').trim() } : {}),
    ...(secret === '' ? {} : { secret }),
  };
}
