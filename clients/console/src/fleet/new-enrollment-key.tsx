import { type ReactElement, useState } from 'react';

import { SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { ShownOnce } from '../ui/shown-once.tsx';
import { wordsOf } from '../ui/words-of.ts';
import { workerSnippets } from './worker-snippets.ts';

const DAY_SECONDS = 86_400;

export function NewEnrollmentKey(): ReactElement {
  const act = useAct('fleet.createEnrollmentKey');
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const close = (): void => {
    setOpen(false);
    setMade(null);
    act.reset();
  };
  const make = async (data: (name: string) => string): Promise<void> => {
    const uses = data('uses');
    const days = data('days');
    const answer = await act.run({
      body: {
        name: data('name').trim(),
        auto_approve: data('approve') === 'at once',
        allowed_pools: wordsOf(data('pools')),
        allowed_models: wordsOf(data('models')),
        ...(uses === '' ? {} : { max_uses: Number(uses) }),
        ...(days === '' ? {} : { expires_in_seconds: Number(days) * DAY_SECONDS }),
      },
    });
    if (answer !== null) setMade(answer.key);
  };
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        New enrollment key
      </ActButton>
      <Dialog
        title={made === null ? 'New enrollment key' : 'The key is made'}
        isOpen={isOpen}
        onClose={close}
        isWide
      >
        {made === null ? (
          <Form
            action="Make the key"
            isPending={act.isPending}
            onSubmit={(data) => void make(data)}
          >
            <Field label="Name" name="name" required autoFocus placeholder="machines of the lab" />
            <div className="grid gap-3 sm:grid-cols-2">
              <Choice label="Workers that it enrolls" name="approve" defaultValue="at once">
                <option value="at once">work at once</option>
                <option value="after approval">wait for a person</option>
              </Choice>
              <Field label="Uses" name="uses" type="number" min={1} placeholder="any number" />
              <Field label="Pools" name="pools" placeholder="any" hint="Several, by comma." />
              <Field label="Models" name="models" placeholder="any" hint="Several, by comma." />
              <Field
                label="Days until it expires"
                name="days"
                type="number"
                min={1}
                max={3_650}
                placeholder="never"
              />
            </div>
            {act.error === null ? null : <Failure error={act.error} />}
          </Form>
        ) : (
          <>
            <ShownOnce
              what="The enrollment key"
              secret={made}
              snippets={workerSnippets(SERVER_URL, made)}
            />
            <Button onClick={close} className="self-end">
              Done
            </Button>
          </>
        )}
      </Dialog>
    </>
  );
}
