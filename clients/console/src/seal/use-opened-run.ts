import { isSealedResult, readSealed } from '@sagewai/seal/envelope';
import { useQuery } from '@tanstack/react-query';

import type { OpenedRun, SealedRun } from './open-run.ts';
import { sealKey } from './seal-key.ts';

/** `clear`: there is nothing to open. `closed`: nobody has given a key here. */
export type Opening =
  | OpenedRun
  | { readonly kind: 'clear' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening' };

/** The run as whoever gave a key here may read it. What was opened is forgotten with the page. */
export function useOpenedRun(run: SealedRun): Opening {
  const key = sealKey.use();
  const isSealed = readSealed(run.payload).kind !== 'clear';
  const { data, error } = useQuery({
    queryKey: ['opened run', run.id, key?.text, isSealedResult(run.output), run.error],
    queryFn: async () => {
      const { openRun } = await import('./open-run.ts');
      return key === null ? null : openRun(run, key);
    },
    enabled: isSealed && key !== null,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  if (!isSealed) return { kind: 'clear' };
  if (key === null) return { kind: 'closed' };
  if (error !== null) return { kind: 'refused', why: error.message };
  return data ?? { kind: 'opening' };
}
