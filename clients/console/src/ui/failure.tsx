import { SagewaiError } from '@sagewai/sdk';
import type { ReactElement } from 'react';

import { Button } from './button.tsx';

/** What happened, why, what to do, and the number by which the log tells more. */
export function Failure({ error, again }: { error: unknown; again?: () => void }): ReactElement {
  const ours = error instanceof SagewaiError ? error : null;
  return (
    <div
      role="alert"
      className="border-bad/40 bg-bad-soft text-ink flex flex-col gap-1 rounded-md border px-3 py-2"
    >
      <p className="font-medium">
        {ours?.detail ?? (error instanceof Error ? error.message : String(error))}
      </p>
      {ours?.mistakes.map(({ path, message }) => (
        <p key={path} className="text-xs">
          <code className="font-mono">{path}</code> {message}
        </p>
      ))}
      <p className="text-muted flex flex-wrap items-center gap-x-3 text-xs">
        {ours === null ? null : <span>{adviceFor(ours)}</span>}
        {ours?.requestId ? (
          <span>
            Request <code className="font-mono">{ours.requestId}</code>
          </span>
        ) : null}
        {again === undefined ? null : (
          <Button look="quiet" onClick={again}>
            Try again
          </Button>
        )}
      </p>
    </div>
  );
}

export function adviceFor({
  status,
  code,
  retryable,
}: Pick<SagewaiError, 'status' | 'code' | 'retryable'>): string {
  if (code === 'unreachable')
    return 'The server is not reached; this page goes on when it answers again.';
  if (status === 401) return 'Sign in again.';
  if (status === 403) return 'Ask an owner of the organization for a role that allows it.';
  if (status === 404) return 'It does not exist, or is not yours to see.';
  if (status === 409) return 'It has changed meanwhile: look at it again.';
  if (retryable) return 'It may pass: try again in a moment.';
  return `The problem is called ${code}.`;
}
