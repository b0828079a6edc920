import type { ReactElement } from 'react';

import { cx } from './classes.ts';
import { diffLines } from './diff-lines.ts';

const LOOKS = { same: '', one: 'bg-bad-soft text-bad', other: 'bg-ok-soft text-ok' } as const;
const SIGNS = { same: ' ', one: '−', other: '+' } as const;

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing');

/** Two values as lines: what is only in the one with −, what is only in the other with +. */
export function DiffView(of: {
  readonly one: unknown;
  readonly other: unknown;
  readonly label: string;
}): ReactElement {
  const lines = diffLines(asText(of.one), asText(of.other));
  return (
    <pre
      tabIndex={0}
      aria-label={of.label}
      className="border-line bg-canvas focus-inset max-h-96 overflow-auto rounded-md border py-2.5 font-mono text-xs"
    >
      {lines.map(({ kind, text }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- lines have no other name
        <span key={index} className={cx('block px-2.5 whitespace-pre-wrap', LOOKS[kind])}>
          {SIGNS[kind]} {text}
        </span>
      ))}
    </pre>
  );
}
