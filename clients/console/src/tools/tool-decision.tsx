import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Facts } from '../ui/panel.tsx';
import { escapeHidden } from '../ui/show-json.ts';
import { Time } from '../ui/time.tsx';
import { describeEffect } from './describe-effect.ts';
import { digestArguments } from './digest-arguments.ts';
import { HiddenContents } from './hidden-contents.tsx';

type Call = CallOutput<'tools.getToolCall'>;

/** One call that waits for a person: what it will do with which arguments, and the two answers. */
export function ToolDecision({ call }: { call: Call }): ReactElement {
  if (call.contents_hidden) return <HiddenContents />;
  const digest = digestArguments(call.arguments);
  const isAsShown = digest === call.arguments_digest;
  return (
    <div className="flex flex-col gap-3">
      <Effect call={call} />
      <div className="flex flex-col gap-1">
        <h3 className="text-xs font-medium">Arguments, frozen</h3>
        <JsonView value={call.arguments} label={`Arguments of ${call.tool}`} isExact />
        <p className="text-muted text-xs break-all">
          Digest <code className="font-mono">{call.arguments_digest}</code>
          {isAsShown ? ', which your browser has computed from what stands above.' : '.'}
        </p>
        {isAsShown ? null : (
          <p role="alert" className="text-bad">
            The digest is not that of the arguments that are shown: do not approve this call.
          </p>
        )}
      </div>
      <Answer call={call} isAsShown={isAsShown} />
    </div>
  );
}

function Effect({ call }: { call: Call }): ReactElement {
  const tool = useQuery({
    ...ask('tools.getTool', { params: { tool: call.tool } }),
    staleTime: 10_000,
  });
  const given = call.arguments;
  return (
    <div className="flex flex-col gap-1">
      <h3 className="text-xs font-medium">What will happen</h3>
      {tool.error === null ? null : <Failure error={tool.error} />}
      {tool.data === undefined ? null : (
        <>
          <Facts
            of={describeEffect(
              tool.data,
              typeof given === 'object' && given !== null ? { ...given } : {},
            ).map(([name, text]) => [
              name,
              <code key={name} className="font-mono text-xs break-all">
                {escapeHidden(text)}
              </code>,
            ])}
          />
          {tool.data.version === call.tool_version ? null : (
            <p className="text-warn">
              The tool was changed since it was asked for (version {call.tool_version}, now{' '}
              {tool.data.version}): an approval is void, and the call is denied.
            </p>
          )}
        </>
      )}
    </div>
  );
}

function Answer({ call, isAsShown }: { call: Call; isAsShown: boolean }): ReactElement {
  const approve = useAct('tools.approveToolCall');
  const deny = useAct('tools.denyToolCall');
  const [reason, setReason] = useState('');
  const params = { call_id: call.id };
  const error = approve.error ?? deny.error;
  return (
    <>
      <p className="text-muted text-xs">
        Asked for <Time at={call.created_at} />; denied by itself{' '}
        <Time at={call.due_at} otherwise="never" />.
      </p>
      <Field
        label="Reason"
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        maxLength={1_000}
        hint="Of a denial: whoever has asked is told, and it is kept."
      />
      <div className="flex gap-2">
        <ActButton
          act={approve}
          look="main"
          unless={isAsShown ? null : 'What is shown is not what would be approved.'}
          onAct={() =>
            void approve.run({ params, body: { arguments_digest: call.arguments_digest } })
          }
        >
          Approve
        </ActButton>
        <ActButton
          act={deny}
          look="danger"
          onAct={() => void deny.run({ params, body: reason === '' ? {} : { reason } })}
        >
          Deny
        </ActButton>
      </div>
      {error === null ? null : <Failure error={error} />}
    </>
  );
}
