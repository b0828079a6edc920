import type { RunState } from '@sagewai/wire';
import type { ReactElement } from 'react';

import { Badge, type Tone } from '../ui/badge.tsx';

export const STATE_TONES = {
  queued: 'idle',
  running: 'info',
  waiting: 'warn',
  completed: 'ok',
  failed: 'bad',
  cancelled: 'idle',
} as const satisfies Record<RunState, Tone>;

export function StateBadge({ state }: { state: RunState }): ReactElement {
  return (
    <Badge tone={STATE_TONES[state]} live={state === 'running'}>
      {state}
    </Badge>
  );
}
