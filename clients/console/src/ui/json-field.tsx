import { type ReactElement, useId } from 'react';

/** JSON that is typed. What was typed is read by the form's name for it. */
export function JsonField(of: {
  readonly label: string;
  readonly name: string;
  readonly given: string;
  readonly rows?: number;
}): ReactElement {
  const { label, name, given, rows = 14 } = of;
  const id = useId();
  return (
    <label htmlFor={id} className="flex flex-col gap-1">
      <span className="text-xs font-medium">{label}</span>
      <textarea
        id={id}
        name={name}
        rows={rows}
        spellCheck={false}
        defaultValue={given}
        className="border-line-strong bg-canvas rounded-sm border p-2 font-mono text-xs"
      />
    </label>
  );
}
