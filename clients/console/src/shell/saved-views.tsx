import { canonicalJson } from '@sagewai/wire';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';

import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Filter } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { removeView, saveView, type View, views } from './views.ts';

/** The filters of this page that somebody gave a name, in this browser. */
export function SavedViews(): ReactElement {
  const navigate = useNavigate();
  const { pathname: path, search } = useLocation();
  const [isOpen, setOpen] = useState(false);
  const here = views.use().filter((view) => view.path === path);
  const filters = textsOf(search);
  const shown = here.find((view) => isSame(view.search, filters));
  const isUnfiltered = Object.keys(filters).length === 0;
  const show = (view: View | undefined): void => {
    if (view !== undefined) void navigate({ to: view.path, search: view.search });
  };
  return (
    <>
      {here.length === 0 ? null : (
        <Filter
          label="Saved views"
          value={shown?.name ?? ''}
          onChange={(event) => show(here.find(({ name }) => name === event.target.value))}
        >
          <option value="" disabled>
            saved views
          </option>
          {here.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Filter>
      )}
      {shown === undefined ? (
        <Button
          objection={isUnfiltered ? 'Nothing is filtered: the page alone is that view.' : null}
          onClick={() => setOpen(true)}
        >
          Save this view …
        </Button>
      ) : (
        <Button onClick={() => removeView(shown)}>Forget “{shown.name}”</Button>
      )}
      <Dialog title="Save this view" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Form
          action="Save"
          onSubmit={(data) => {
            saveView({ name: data('name').trim(), path, search: filters });
            setOpen(false);
          }}
        >
          <Field
            label="Name"
            name="name"
            required
            autoFocus
            maxLength={60}
            hint="In this browser alone. To give it to somebody, send them the address."
          />
        </Form>
      </Dialog>
    </>
  );
}

const textsOf = (search: object): Record<string, string> =>
  Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)]));

const isSame = (one: Readonly<Record<string, string>>, other: Record<string, string>): boolean =>
  canonicalJson(one) === canonicalJson(other);
