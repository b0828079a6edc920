import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useId } from 'react';

import { ask } from '../api/server.ts';
import { Field } from '../ui/field.tsx';

const OFFERED = 200;

/** A project by its name: the first ones are offered, any other is typed. */
export function ProjectField(of: {
  readonly hint: string;
  /** What is meant when none is named. */
  readonly none: string;
}): ReactElement {
  const { hint, none } = of;
  const list = useId();
  const { data } = useQuery(ask('identity.listProjects', { query: { limit: OFFERED } }));
  return (
    <div className="min-w-0">
      <Field label="Project" name="project" list={list} placeholder={none} hint={hint} />
      <datalist id={list}>
        {data?.projects.map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
    </div>
  );
}
