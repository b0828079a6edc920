import type { ReactElement } from 'react';

import { SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { Choice, Field } from '../ui/field.tsx';
import { MakeOnce } from '../ui/make-once.tsx';
import type { ShownOnceProps } from '../ui/shown-once.tsx';
import { wordsOf } from '../ui/words-of.ts';
import { workerSnippets } from './worker-snippets.ts';

const DAY_SECONDS = 86_400;

export function NewEnrollmentKey(): ReactElement {
  const act = useAct('fleet.createEnrollmentKey');
  const make = async (data: (name: string) => string): Promise<ShownOnceProps | null> => {
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
    return answer === null
      ? null
      : {
          what: 'The enrollment key',
          secret: answer.key,
          snippets: workerSnippets(SERVER_URL, answer.key),
        };
  };
  return (
    <MakeOnce
      act={act}
      what="enrollment key"
      make={make}
      fields={
        <>
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
        </>
      }
    />
  );
}
