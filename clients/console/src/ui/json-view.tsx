import type { ReactElement } from 'react';

import { CopyButton } from './copy.tsx';

const LINES_MAX = 4_000;

/** A value as indented JSON; text as it is. Long ones are cut for the eye, and copied whole. */
export function JsonView({ value, label }: { value: unknown; label: string }): ReactElement {
  const whole = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing');
  const lines = whole.split('\n');
  const shown =
    lines.length > LINES_MAX
      ? `${lines.slice(0, LINES_MAX).join('\n')}\n… ${lines.length - LINES_MAX} lines more`
      : whole;
  return (
    <div className="relative">
      <pre
        tabIndex={0}
        aria-label={label}
        className="border-line bg-canvas focus-inset max-h-96 overflow-auto rounded-md border p-2.5 pr-16 font-mono text-xs break-words whitespace-pre-wrap"
      >
        {shown}
      </pre>
      <div className="absolute top-1 right-3">
        <CopyButton text={whole} />
      </div>
    </div>
  );
}
