import type { ReactElement, ReactNode } from 'react';

import { Button } from './button.tsx';

/** A form of a few fields; what was typed is read once, when it is sent. */
export function Form(of: {
  readonly onSubmit: (data: (name: string) => string) => void;
  readonly action: ReactNode;
  readonly isPending?: boolean;
  /** Why it cannot be sent. Null: it can. */
  readonly objection?: string | null;
  readonly children: ReactNode;
}): ReactElement {
  const { onSubmit, action, isPending = false, objection = null, children } = of;
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (objection !== null) return;
        const data = new FormData(event.currentTarget);
        onSubmit((name) => {
          const value = data.get(name);
          return typeof value === 'string' ? value : '';
        });
      }}
    >
      {children}
      <Button
        type="submit"
        look="main"
        disabled={isPending}
        objection={objection}
        className="h-8 justify-center"
      >
        {action}
      </Button>
    </form>
  );
}
