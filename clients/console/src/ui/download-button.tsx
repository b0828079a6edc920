import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { download } from '../api/download.ts';
import { connection } from '../api/server.ts';
import { Button } from './button.tsx';

export interface DownloadButtonProps {
  readonly path: string;
  /** Of the file. */
  readonly name: string;
  readonly children: string;
}

export function DownloadButton({ path, name, children }: DownloadButtonProps): ReactElement {
  const act = useMutation({ mutationFn: () => download(path, name, connection.get()) });
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
