import type { ReactElement, ReactNode } from 'react';

import { cx } from './classes.ts';

export const TONES = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  info: 'bg-info-soft text-info',
  idle: 'bg-idle-soft text-idle',
  accent: 'bg-accent-soft text-accent',
} as const;

export type Tone = keyof typeof TONES;

export function Badge({
  tone,
  children,
  live = false,
}: {
  tone: Tone;
  children: ReactNode;
  live?: boolean;
}): ReactElement {
  return (
    <span
      className={cx(
        'inline-flex items-center gap-1.5 rounded-sm px-1.5 py-px text-xs whitespace-nowrap',
        TONES[tone],
      )}
    >
      <span aria-hidden className={cx('size-1.5 rounded-full bg-current', live && 'pulse-soft')} />
      {children}
    </span>
  );
}
