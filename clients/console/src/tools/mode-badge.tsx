import type { CallOutput } from '@sagewai/sdk';
import type { ReactElement } from 'react';

import { Badge, type Tone } from '../ui/badge.tsx';

export type Tool = CallOutput<'tools.getTool'>;
export type ToolCall = CallOutput<'tools.listToolCalls'>['calls'][number];

const MODES = {
  read_only: ['ok', 'read only'],
  local_write: ['info', 'local write'],
  network: ['info', 'network'],
  delegated: ['warn', 'delegated'],
  destructive: ['bad', 'destructive'],
} as const satisfies Record<Tool['mode'], readonly [Tone, string]>;

export const CALL_TONES = {
  waiting: 'warn',
  approved: 'info',
  running: 'info',
  completed: 'ok',
  failed: 'bad',
  unknown: 'bad',
  denied: 'idle',
} as const satisfies Record<ToolCall['state'], Tone>;

/** The most that a call may do. */
export function ModeBadge({ mode }: { mode: Tool['mode'] }): ReactElement {
  const [tone, name] = MODES[mode];
  return <Badge tone={tone}>{name}</Badge>;
}

export function CallBadge({ state }: { state: ToolCall['state'] }): ReactElement {
  return (
    <Badge tone={CALL_TONES[state]} live={state === 'running'}>
      {state}
    </Badge>
  );
}

/** Of what is destructive, always. */
export const asksAPerson = ({ mode, approval }: Pick<Tool, 'mode' | 'approval'>): boolean =>
  approval || mode === 'destructive';
