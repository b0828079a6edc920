import { type ReactElement, type ReactNode, useState } from 'react';

import { ActButton } from './act-button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './failure.tsx';
import { Form } from './form.tsx';

/** A button that asks for a few things, does it with them, and closes once it is done. */
export function ActDialog(of: {
  readonly act: {
    readonly objection: string | null;
    readonly isPending: boolean;
    readonly error: Error | null;
    reset(): void;
  };
  readonly title: string;
  /** On the button in the page; the title unless said. */
  readonly button?: ReactNode;
  readonly look?: 'plain' | 'main';
  readonly action: string;
  readonly fields: ReactNode;
  /** Null: it failed, and the act says how. */
  readonly onSubmit: (data: (name: string) => string) => Promise<unknown>;
}): ReactElement {
  const { act, title, button = title, look = 'main', action, fields, onSubmit } = of;
  const [isOpen, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
    act.reset();
  };
  const submit = async (data: (name: string) => string): Promise<void> => {
    if ((await onSubmit(data)) !== null) close();
  };
  return (
    <>
      <ActButton act={act} look={look} onAct={() => setOpen(true)}>
        {button}
      </ActButton>
      <Dialog title={title} isOpen={isOpen} onClose={close} isWide>
        <Form action={action} isPending={act.isPending} onSubmit={(data) => void submit(data)}>
          {fields}
          {act.error === null ? null : <Failure error={act.error} />}
        </Form>
      </Dialog>
    </>
  );
}
