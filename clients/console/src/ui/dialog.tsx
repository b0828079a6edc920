import { type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react';

import { cx } from './classes.ts';

/** The browser's own: it keeps the focus inside, gives it back, and closes with Escape. Needs no style of a script. */
export function Dialog(of: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly isWide?: boolean;
}): ReactElement {
  const { title, isOpen, onClose, children, isWide = false } = of;
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (isOpen && dialog?.open === false) dialog.showModal();
    if (!isOpen && dialog?.open === true) dialog.close();
  }, [isOpen]);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
      className={cx(
        'border-line bg-panel text-ink w-[calc(100vw-2rem)] rounded-md border p-0 shadow-2xl',
        isWide ? 'max-w-2xl' : 'max-w-md',
      )}
    >
      {isOpen ? (
        <div className="flex flex-col gap-3 p-4">
          <h2 id={id} className="text-lg font-semibold">
            {title}
          </h2>
          {children}
        </div>
      ) : null}
    </dialog>
  );
}
