import { type ReactElement, type TextareaHTMLAttributes, useId } from 'react';

/** A text of several lines. */
export function TextField({
  label,
  ...rest
}: { readonly label: string } & TextareaHTMLAttributes<HTMLTextAreaElement>): ReactElement {
  const id = useId();
  return (
    <label htmlFor={id} className="flex flex-col gap-1">
      <span className="text-xs font-medium">{label}</span>
      <textarea
        id={id}
        rows={4}
        className="border-line-strong bg-raised placeholder:text-muted rounded-sm border p-2 text-sm"
        {...rest}
      />
    </label>
  );
}
