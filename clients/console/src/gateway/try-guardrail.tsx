import type { CallOutput } from '@sagewai/sdk';
import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { call } from '../api/server.ts';
import { Badge } from '../ui/badge.tsx';
import { CodeBox } from '../ui/code-box.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { TextField } from '../ui/text-field.tsx';
import { cutOut } from './cut-out.ts';

type Verdict = CallOutput<'gateway.testGuardrail'>;

const TONES = { pass: 'ok', flag: 'info', redact: 'warn', block: 'bad' } as const;
const WORDS = {
  pass: 'it passes',
  flag: 'it passes, and is noted',
  redact: 'it passes, with this blacked out',
  block: 'the call is refused',
} as const;

/** What a guardrail would make of a text, which is kept nowhere. */
export function TryGuardrail({ names }: { names: readonly string[] }): ReactElement {
  const test = useMutation({
    mutationFn: async (body: { name: string; text: string }) => ({
      text: body.text,
      verdict: await call('gateway.testGuardrail', { body }),
    }),
  });
  return (
    <div className="flex flex-col gap-3">
      <Form
        action="See what it finds"
        isPending={test.isPending}
        objection={names.length === 0 ? 'There is no guardrail to try.' : null}
        onSubmit={(data) => test.mutate({ name: data('name'), text: data('text') })}
      >
        <Choice label="Guardrail" name="name">
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Choice>
        <TextField label="Text" name="text" required placeholder="Write to anna@example.com" />
      </Form>
      {test.error === null ? null : <Failure error={test.error} />}
      {test.data === undefined ? null : <Found {...test.data} />}
    </div>
  );
}

function Found({
  text,
  verdict: { verdict, found, text: redacted },
}: {
  text: string;
  verdict: Verdict;
}): ReactElement {
  return (
    <div role="status" className="flex flex-col gap-2">
      <p>
        <Badge tone={TONES[verdict]}>{verdict}</Badge> {WORDS[verdict]}.
      </p>
      {text === '' ? null : (
        <p className="border-line bg-canvas rounded-sm border p-2 break-words whitespace-pre-wrap">
          {cutOut(text, found).map(({ at, part, what }) =>
            what === null ? (
              part
            ) : (
              <mark key={at} title={what} className="bg-warn-soft text-warn rounded-sm px-0.5">
                {part}
                <span className="text-2xs ml-1">{what}</span>
              </mark>
            ),
          )}
        </p>
      )}
      {redacted === null ? null : <CodeBox label="As it is passed on" text={redacted} />}
    </div>
  );
}
