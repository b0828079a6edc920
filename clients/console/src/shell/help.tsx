import type { ReactElement } from 'react';

import { Dialog } from '../ui/dialog.tsx';
import { PLACES } from './navigation.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['⌘ K or Ctrl K', 'Go to a page, a run, a setting'],
  ['/', 'Search or filter on this page'],
  ['?', 'This list'],
  ['p', 'Pause what is live, and go on'],
  ['Esc', 'Close a dialog'],
];

export function Help({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }): ReactElement {
  const places = PLACES.flatMap(({ key, name }) =>
    key === undefined ? [] : [[`g ${key}`, name] as const],
  );
  return (
    <Dialog title="Keys" isOpen={isOpen} onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5">
        {[...KEYS, ...places].map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="border-line bg-canvas rounded-sm border px-1.5 py-px font-mono text-xs">
                {key}
              </kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
