import {
  type InputHTMLAttributes,
  type ReactElement,
  type ReactNode,
  type SelectHTMLAttributes,
  useId,
} from 'react';

import { cx } from './classes.ts';

const BOX =
  'border-line-strong bg-raised text-ink placeholder:text-muted h-8 min-w-0 rounded-sm border px-2 text-sm';

interface Told {
  readonly label: string;
  readonly hint?: ReactNode;
}

export function Field({
  label,
  hint,
  className,
  ...rest
}: Told & InputHTMLAttributes<HTMLInputElement>): ReactElement {
  const id = useId();
  return (
    <label htmlFor={id} className="flex min-w-0 flex-col gap-1">
      <span className="text-xs font-medium">{label}</span>
      <input
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className={cx(BOX, 'w-full', className)}
        {...rest}
      />
      {hint === undefined ? null : (
        <span id={`${id}-hint`} className="text-muted text-xs">
          {hint}
        </span>
      )}
    </label>
  );
}

export function Choice({
  label,
  hint,
  children,
  className,
  ...rest
}: Told & SelectHTMLAttributes<HTMLSelectElement>): ReactElement {
  const id = useId();
  return (
    <label htmlFor={id} className="flex min-w-0 flex-col gap-1">
      <span className="text-xs font-medium">{label}</span>
      <select id={id} className={cx(BOX, 'w-full', className)} {...rest}>
        {children}
      </select>
      {hint === undefined ? null : <span className="text-muted text-xs">{hint}</span>}
    </label>
  );
}

/** Without a visible label, in a row of filters. */
export function Filter({
  label,
  children,
  className,
  ...rest
}: { label: string } & SelectHTMLAttributes<HTMLSelectElement>): ReactElement {
  return (
    <select aria-label={label} className={cx(BOX, className)} {...rest}>
      {children}
    </select>
  );
}
