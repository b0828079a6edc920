import type { ReactElement, ReactNode } from 'react';

import { cx } from './classes.ts';

export function Panel(of: {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Its content brings its own space. */
  readonly isFlush?: boolean;
}): ReactElement {
  const { title, actions, children, isFlush = false } = of;
  return (
    <section className="border-line bg-panel min-w-0 rounded-md border">
      {title === undefined ? null : (
        <header className="border-line flex min-h-10 flex-wrap items-center justify-between gap-2 border-b px-3 py-1.5">
          <h2 className="font-medium">{title}</h2>
          {actions === undefined ? null : (
            <div className="flex flex-wrap items-center gap-1.5">{actions}</div>
          )}
        </header>
      )}
      <div className={cx(!isFlush && 'p-3')}>{children}</div>
    </section>
  );
}

export function Page(of: {
  readonly title: ReactNode;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  const { title, about, actions, children } = of;
  return (
    <div className="mx-auto flex max-w-[1400px] flex-col gap-4 p-4 md:p-5">
      <header className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
          {about === undefined ? null : <p className="text-muted mt-0.5">{about}</p>}
        </div>
        {actions === undefined ? null : (
          <div className="flex flex-wrap items-center gap-1.5">{actions}</div>
        )}
      </header>
      {children}
    </div>
  );
}

/** What there is nothing of, and the command that fills it. */
export function Empty({ what, command }: { what: ReactNode; command?: string }): ReactElement {
  return (
    <div className="text-muted flex flex-col items-start gap-2">
      <p>{what}</p>
      {command === undefined ? null : (
        <code
          className="border-line bg-canvas text-ink max-w-full overflow-x-auto rounded-sm border px-2 py-1 font-mono text-xs"
          tabIndex={0}
        >
          {command}
        </code>
      )}
    </div>
  );
}

export function Facts({ of }: { of: readonly (readonly [string, ReactNode])[] }): ReactElement {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
      {of.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
