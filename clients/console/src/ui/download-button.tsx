import type { CallInput } from '@sagewai/sdk';
import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { download, type ExportId } from '../api/download.ts';
import { Button } from './button.tsx';

export interface DownloadButtonProps {
  readonly id: ExportId;
  readonly input: CallInput<ExportId>;
  /** Of the file. */
  readonly name: string;
  readonly children: string;
}

export function DownloadButton({ id, input, name, children }: DownloadButtonProps): ReactElement {
  const act = useMutation({ mutationFn: () => download(id, input, name) });
  return (
    <span className="inline-flex items-center gap-2">
      {act.error === null ? null : (
        <span role="alert" className="text-bad text-xs">
          {act.error.message}
        </span>
      )}
      <Button disabled={act.isPending} onClick={() => act.mutate()}>
        {act.isPending ? 'Reading …' : children}
      </Button>
    </span>
  );
}
