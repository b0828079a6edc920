import type { ReactElement, ReactNode } from 'react';

import { Button, type ButtonProps } from './button.tsx';

/** Does one thing to the server; says why when it may not. */
export function ActButton(of: {
  readonly act: { readonly objection: string | null; readonly isPending: boolean };
  readonly onAct: () => void;
  /** Another reason against it, beside permission. */
  readonly unless?: string | null;
  readonly look?: NonNullable<ButtonProps['look']>;
  readonly children: ReactNode;
}): ReactElement {
  const { act, onAct, unless = null, look = 'plain', children } = of;
  return (
    <Button
      look={look}
      objection={act.objection ?? unless}
      disabled={act.isPending}
      onClick={onAct}
    >
      {children}
    </Button>
  );
}
