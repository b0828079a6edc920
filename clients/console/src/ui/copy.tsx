import { type ReactElement, useState } from 'react';

import { Button } from './button.tsx';

const SHOWN_MS = 1_600;

export function CopyButton({
  text,
  label = 'Copy',
}: {
  text: string;
  label?: string;
}): ReactElement {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const copy = async (): Promise<void> => {
    // Not there on plain HTTP off loopback: people select the text themselves.
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setState(done ? 'copied' : 'failed');
    setTimeout(() => setState('idle'), SHOWN_MS);
  };
  return (
    <Button look="quiet" onClick={() => void copy()} aria-live="polite">
      {{ idle: label, copied: '✓ Copied', failed: 'Select and copy' }[state]}
    </Button>
  );
}
