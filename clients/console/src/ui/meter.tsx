import type { ReactElement } from 'react';

import { percent } from '../format/numbers.ts';
import { cx } from './classes.ts';

/** How much of something is used up, as a bar; `label` says of what, to those who do not see it. */
export function Meter({
  fraction,
  label,
  isCalm = false,
}: {
  fraction: number;
  label: string;
  isCalm?: boolean;
}): ReactElement {
  const shown = Math.min(1, Math.max(0, fraction));
  const colour = isCalm || fraction < 0.8 ? 'bg-accent' : fraction < 1 ? 'bg-warn' : 'bg-bad';
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuenow={Math.round(shown * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={percent(fraction)}
      className="bg-idle-soft h-1.5 w-full min-w-16 overflow-hidden rounded-full"
    >
      <div className={cx('h-full', colour)} style={{ width: `${shown * 100}%` }} />
    </div>
  );
}
