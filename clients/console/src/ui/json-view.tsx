import type { ReactElement } from 'react';

import { CodeBox } from './code-box.tsx';

const LINES_MAX = 4_000;

/** A value as indented JSON; text as it is. Long ones are cut for the eye, and copied whole. */
export function JsonView({ value, label }: { value: unknown; label: string }): ReactElement {
  const whole = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing');
  const lines = whole.split('\n');
  const shown =
    lines.length > LINES_MAX
      ? `${lines.slice(0, LINES_MAX).join('\n')}\n… ${lines.length - LINES_MAX} lines more`
      : whole;
  return <CodeBox text={shown} copied={whole} label={label} isLong />;
}
