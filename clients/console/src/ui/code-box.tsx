import type { ReactElement } from 'react';

import { cx } from './classes.ts';
import { CopyButton } from './copy.tsx';

/** Text that is read to the letter, and a button that copies it. */
export function CodeBox(of: {
  readonly text: string;
  readonly label: string;
  /** What is copied, when not all of it is shown. */
  readonly copied?: string;
  /** Long lines are broken instead of scrolled, and many lines scroll. */
  readonly isLong?: boolean;
}): ReactElement {
  const { text, label, copied = text, isLong = false } = of;
  return (
    <div className="relative">
      <pre
        // What is wider than its box is reached by keyboard too.
        tabIndex={0}
        aria-label={label}
        className={cx(
          'border-line bg-canvas focus-inset overflow-auto rounded-md border p-2.5 pr-16 font-mono text-xs',
          isLong ? 'max-h-96 break-words whitespace-pre-wrap' : 'leading-relaxed',
        )}
      >
        {text}
      </pre>
      <div className={cx('absolute top-1', isLong ? 'right-3' : 'right-1')}>
        <CopyButton text={copied} />
      </div>
    </div>
  );
}
