import { Tabs } from 'radix-ui';
import type { ReactElement } from 'react';

import { CodeBox } from './code-box.tsx';

export interface ShownOnceProps {
  readonly what: string;
  readonly secret: string;
  readonly snippets: readonly { readonly name: string; readonly text: string }[];
}

/** A secret that is never shown again, and what to do with it. */
export function ShownOnce({ what, secret, snippets }: ShownOnceProps): ReactElement {
  return (
    <div className="flex flex-col gap-3">
      <p className="bg-warn-soft text-warn rounded-md px-3 py-2">
        {what} is shown this once. Copy it now.
      </p>
      <CodeBox text={secret} label={what} />
      <Tabs.Root defaultValue={snippets[0]?.name ?? ''}>
        <Tabs.List
          aria-label="Where to use it"
          className="border-line mb-2 flex flex-wrap gap-3 border-b"
        >
          {snippets.map(({ name }) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="data-[state=active]:border-accent text-muted data-[state=active]:text-ink -mb-px border-b-2 border-transparent pb-1.5"
            >
              {name}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {snippets.map(({ name, text }) => (
          <Tabs.Content key={name} value={name}>
            <CodeBox text={text} label={name} />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </div>
  );
}
