import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { moveTo } from '../api/move-to.ts';
import { ask, call, connection } from '../api/server.ts';
import { useWhoAmI } from '../api/session.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/classes.ts';
import { Filter } from '../ui/field.tsx';
import { isLive } from './live.ts';
import { chooseTheme, type Theme, theme } from './theme.ts';

const NEXT_THEME: Readonly<Record<Theme, Theme>> = {
  system: 'light',
  light: 'dark',
  dark: 'system',
};

export function TopBar(of: {
  readonly onMenu: () => void;
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}): ReactElement {
  const live = isLive.use();
  const shown = theme.use();
  return (
    <header className="border-line bg-panel sticky top-0 z-20 flex h-11 items-center gap-1.5 border-b px-3">
      <Button look="quiet" className="md:hidden" aria-label="Pages" onClick={of.onMenu}>
        ☰
      </Button>
      <Where />
      <div className="ml-auto flex items-center gap-1">
        <Button
          look="quiet"
          aria-pressed={live}
          onClick={() => isLive.set(!live)}
          aria-label={live ? 'Live: pause' : 'Paused: go on'}
        >
          <span
            aria-hidden
            className={cx('size-1.5 rounded-full', live ? 'bg-ok pulse-soft' : 'bg-idle')}
          />
          {live ? 'Live' : 'Paused'}
        </Button>
        <Button look="quiet" className="max-sm:hidden" onClick={of.onPalette}>
          Go to <kbd className="font-mono text-2xs">⌘K</kbd>
        </Button>
        <Button
          look="quiet"
          aria-label={`Theme: ${shown}; change it`}
          onClick={() => chooseTheme(NEXT_THEME[shown])}
        >
          {{ system: '◐', light: '○', dark: '●' }[shown]}
        </Button>
        <Button look="quiet" aria-label="Keys" onClick={of.onHelp} className="max-sm:hidden">
          ?
        </Button>
        <SignOut />
      </div>
    </header>
  );
}

/** Which organization and project everything on the page is of. */
function Where(): ReactElement {
  const { organization, project, token } = connection.use();
  const queries = useQueryClient();
  const { data: me } = useWhoAmI();
  const isPlatform = token !== null && me?.scopes.includes('platform') === true;
  const organizations = useQuery({
    ...ask('identity.listOrganizations', { query: { limit: 200 } }),
    enabled: isPlatform,
  });
  const projects = useQuery({
    ...ask('identity.listProjects', { query: { limit: 200 } }),
    queryKey: ['identity.listProjects', organization],
    enabled: me?.organization !== null,
  });
  return (
    <div className="flex min-w-0 items-center gap-1.5">
      {isPlatform ? (
        <Filter
          label="Organization"
          className="max-sm:hidden"
          value={organization ?? ''}
          onChange={(event) =>
            moveTo(connection, queries, { organization: event.target.value, project: null })
          }
        >
          {organizations.data?.organizations.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Filter>
      ) : (
        <span className="max-w-36 truncate font-medium">{me?.organization?.name}</span>
      )}
      <Filter
        label="Project"
        value={project ?? ''}
        onChange={(event) =>
          moveTo(connection, queries, { organization, project: event.target.value || null })
        }
      >
        <option value="">all projects</option>
        {projects.data?.projects.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Filter>
    </div>
  );
}

function SignOut(): ReactElement {
  const queries = useQueryClient();
  const { data: me } = useWhoAmI();
  const leave = async (): Promise<void> => {
    if (connection.get().token === null) await call('identity.signOut', {}).catch(() => null);
    connection.set({ token: null, organization: null, project: null });
    queries.clear();
    location.reload();
  };
  return (
    <Button
      look="quiet"
      onClick={() => void leave()}
      title={me === undefined ? undefined : `Signed in as ${me.name || me.kind}`}
    >
      Sign out
    </Button>
  );
}
