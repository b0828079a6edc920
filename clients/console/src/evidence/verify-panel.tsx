import { useMutation } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { call } from '../api/server.ts';
import { shortCount } from '../format/numbers.ts';
import { Button } from '../ui/button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Meter } from '../ui/meter.tsx';
import { Panel } from '../ui/panel.tsx';
import { verifyWholeChain } from './verify-whole-chain.ts';

const PAGE = 1_000;

/** Every entry is hashed here, in the browser: the server's word is not taken for it. */
export function VerifyPanel(): ReactElement {
  const [progress, setProgress] = useState({ checked: 0, of: 0 });
  const verifying = useMutation({
    mutationFn: () =>
      verifyWholeChain(
        (cursor) =>
          call('trust.listAudit', {
            query: { order: 'oldest', limit: PAGE, ...(cursor === null ? {} : { cursor }) },
          }),
        (checked, of) => setProgress({ checked, of }),
      ),
  });
  const { data, error, isPending } = verifying;
  return (
    <Panel
      title="Is the log whole?"
      actions={
        <Button onClick={() => verifying.mutate()} disabled={isPending}>
          Verify it here
        </Button>
      }
    >
      {error === null ? null : <Failure error={error} />}
      {isPending ? (
        <div className="flex flex-col gap-2">
          <Meter
            fraction={progress.of === 0 ? 0 : progress.checked / progress.of}
            label="Entries checked"
            isCalm
          />
          <p className="text-muted">
            {shortCount(progress.checked)} of {shortCount(progress.of)} entries
          </p>
        </div>
      ) : null}
      {data === undefined && !isPending ? (
        <p className="text-muted">
          Each entry carries the hash of the one before it. Your browser computes all of them again;
          the same is done offline by{' '}
          <code className="font-mono text-xs">sagewai audit verify</code>.
        </p>
      ) : null}
      {data?.kind === 'whole' ? (
        <div role="status" className="flex flex-col gap-1">
          <p className="text-ok font-medium">
            Whole: {shortCount(data.entries)} entries, none changed, removed or moved.
          </p>
          {data.head === null ? null : (
            <p className="text-muted text-xs break-all">
              It ends with entry {data.head.seq},{' '}
              <code className="font-mono">{data.head.hash}</code>. Keep this elsewhere to find out
              later whether an end was cut off.
            </p>
          )}
        </div>
      ) : null}
      {data?.kind === 'broken' ? (
        <p role="alert" className="text-bad font-medium">
          Broken at entry {data.seq}: {data.detail}
        </p>
      ) : null}
    </Panel>
  );
}
