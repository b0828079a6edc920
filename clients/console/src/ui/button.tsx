import { Tooltip } from 'radix-ui';
import type { ButtonHTMLAttributes, ReactElement } from 'react';

import { cx } from './classes.ts';

const LOOKS = {
  plain: 'border-line-strong bg-raised hover:bg-hover text-ink',
  main: 'border-accent bg-accent text-accent-ink hover:opacity-90',
  danger: 'border-line-strong bg-raised text-bad hover:bg-bad-soft',
  quiet: 'border-transparent text-muted hover:bg-hover hover:text-ink',
} as const;

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: keyof typeof LOOKS;
  /** Why it cannot be used; said to whoever points at it or reaches it by keyboard. Null: it can be. */
  readonly objection?: string | null;
}

export function Button({
  look = 'plain',
  objection = null,
  className,
  onClick,
  ...rest
}: ButtonProps): ReactElement {
  const button = (
    <button
      type="button"
      {...rest}
      aria-disabled={objection !== null || rest.disabled === true ? true : undefined}
      onClick={objection === null ? onClick : (event) => event.preventDefault()}
      className={cx(
        'inline-flex h-7 items-center justify-center gap-1.5 rounded-sm border px-2.5 text-sm whitespace-nowrap',
        LOOKS[look],
        (objection !== null || rest.disabled === true) && 'opacity-55',
        className,
      )}
    />
  );
  return objection === null ? button : <Hint text={objection}>{button}</Hint>;
}

/** More words for whoever points at something or reaches it by keyboard. */
export function Hint({ text, children }: { text: string; children: ReactElement }): ReactElement {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          sideOffset={4}
          className="bg-ink text-canvas z-50 max-w-80 rounded-sm px-2 py-1 text-xs shadow-lg"
        >
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
