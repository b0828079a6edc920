import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { Button } from '../ui/button.tsx';

/** A list in which somebody has gone back stands still: to follow it again is to begin at its newest. */
export function BackToNewest(of: {
  readonly queryKey: QueryKey;
  readonly pages: number;
}): ReactElement | null {
  const queries = useQueryClient();
  if (of.pages < 2) return null;
  return (
    <Button
      look="quiet"
      title="Older ones are open, so this list stands still."
      onClick={() => void queries.resetQueries({ queryKey: of.queryKey })}
    >
      Back to the newest
    </Button>
  );
}
