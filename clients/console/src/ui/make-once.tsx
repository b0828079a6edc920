import { type ReactElement, type ReactNode, useState } from 'react';

import { ActButton } from './act-button.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './failure.tsx';
import { Form } from './form.tsx';
import { ShownOnce, type ShownOnceProps } from './shown-once.tsx';

/** A button that asks what a secret shall be, makes it, and shows it this once. */
export function MakeOnce(of: {
  readonly act: {
    readonly objection: string | null;
    readonly isPending: boolean;
    readonly error: Error | null;
    reset(): void;
  };
  /** Such as `virtual key`. */
  readonly what: string;
  /** On the buttons: such as `key`. */
  readonly short?: string;
  readonly fields: ReactNode;
  /** Null: it failed, and the act says how. */
  readonly make: (data: (name: string) => string) => Promise<ShownOnceProps | null>;
}): ReactElement {
  const { act, what, short = what, fields, make } = of;
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<ShownOnceProps | null>(null);
  const close = (): void => {
    setOpen(false);
    setMade(null);
    act.reset();
  };
  const last = short.split(' ').at(-1) ?? short;
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        New {short}
      </ActButton>
      <Dialog
        title={made === null ? `New ${what}` : `The ${last} is made`}
        isOpen={isOpen}
        onClose={close}
        isWide
      >
        {made === null ? (
          <Form
            action={`Make the ${last}`}
            isPending={act.isPending}
            onSubmit={(data) => void make(data).then(setMade)}
          >
            {fields}
            {act.error === null ? null : <Failure error={act.error} />}
          </Form>
        ) : (
          <>
            <ShownOnce {...made} />
            <Button onClick={close} className="self-end">
              Done
            </Button>
          </>
        )}
      </Dialog>
    </>
  );
}
