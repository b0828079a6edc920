import type { ReactElement } from 'react';

import { useAct } from '../api/use-act.ts';
import { Field } from '../ui/field.tsx';
import { MakeOnce } from '../ui/make-once.tsx';
import type { ShownOnceProps } from '../ui/shown-once.tsx';
import { wordsOf } from '../ui/words-of.ts';

const VERIFY = `import { Webhook } from 'standardwebhooks';
new Webhook(process.env.WEBHOOK_SECRET).verify(body, headers);`;

export function NewWebhook(): ReactElement {
  const act = useAct('webhooks.createWebhook');
  const make = async (data: (name: string) => string): Promise<ShownOnceProps | null> => {
    const made = await act.run({
      body: {
        name: data('name').trim(),
        url: data('url').trim(),
        events: wordsOf(data('events')),
      },
    });
    if (made === null) return null;
    const { secret } = made;
    return {
      what: 'The secret of the webhook',
      secret,
      snippets: [
        { name: 'Environment', text: `export WEBHOOK_SECRET=${secret}` },
        { name: 'Node.js', text: VERIFY },
      ],
    };
  };
  return (
    <MakeOnce
      act={act}
      what="webhook"
      make={make}
      fields={
        <>
          <Field label="Name" name="name" required autoFocus placeholder="on call" />
          <Field
            label="Address"
            name="url"
            type="url"
            required
            placeholder="https://hooks.example.com/sagewai"
          />
          <Field
            label="Events"
            name="events"
            required
            defaultValue="*"
            hint="Types, or the beginning of types with *: run.failed, budget.*; several by comma."
          />
        </>
      }
    />
  );
}
