import { isSealedResult } from '@sagewai/seal/envelope';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import type { Opening } from './use-opened-run.ts';

/** A text that may be sealed: as it is, or opened where the run is, or only that it is sealed. */
export function SealedText({ text, opening }: { text: string; opening: Opening }): ReactElement {
  const isOpened = opening.kind === 'opened';
  const { data } = useQuery({
    queryKey: ['opened text', text],
    queryFn: () => (isOpened ? opening.openError(text) : null),
    enabled: isOpened && isSealedResult(text),
    staleTime: Infinity,
    gcTime: 0,
  });
  if (!isSealedResult(text)) return <>{text}</>;
  return isOpened && typeof data === 'string' ? (
    <>{data}</>
  ) : (
    <em className="text-muted">sealed</em>
  );
}
