import type { ReactElement, ReactNode } from 'react';

import { Badge } from '../ui/badge.tsx';
import { Panel } from '../ui/panel.tsx';

/** One of the things that are there before a run can be. */
export function Step(of: {
  readonly name: string;
  readonly isDone: boolean;
  readonly children: ReactNode;
}): ReactElement {
  const { name, isDone, children } = of;
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          {name} <Badge tone={isDone ? 'ok' : 'idle'}>{isDone ? 'done' : 'to do'}</Badge>
        </span>
      }
    >
      <div className="flex flex-col items-start gap-3">{children}</div>
    </Panel>
  );
}
