import { Link, Outlet } from '@tanstack/react-router';
import { Tooltip } from 'radix-ui';
import { type ReactElement, useMemo, useState } from 'react';

import { isSignedOut, useWhoAmI } from '../api/session.ts';
import { cx } from '../ui/classes.ts';
import { Failure } from '../ui/failure.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { Help } from './help.tsx';
import { NAVIGATION } from './navigation.ts';
import { Palette } from './palette.tsx';
import { ProveDialog } from './prove-dialog.tsx';
import { SignIn } from './sign-in.tsx';
import { TopBar } from './top-bar.tsx';
import { useKeys } from './use-keys.ts';
import { useOrganization } from './use-organization.ts';

/** Everything around a page: who is there, where one can go, and whether the server answers. */
export function Shell(): ReactElement {
  const { data, error, refetch } = useWhoAmI();
  const isReady = useOrganization();
  if (data === undefined && isSignedOut(error)) return <SignIn />;
  return (
    <Tooltip.Provider delayDuration={200}>
      <ConnectionBanner />
      {data === undefined && error !== null ? (
        <main className="mx-auto max-w-xl p-6">
          <Failure error={error} again={() => void refetch()} />
        </main>
      ) : null}
      {data !== undefined && isReady ? <Frame permissions={data.permissions} /> : null}
      <ProveDialog />
    </Tooltip.Provider>
  );
}

function Frame({ permissions }: { permissions: readonly string[] }): ReactElement {
  const [dialog, setDialog] = useState<'palette' | 'help' | null>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const open = useMemo(
    () => ({ palette: () => setDialog('palette'), help: () => setDialog('help') }),
    [],
  );
  useKeys(open);
  const close = (): void => setDialog(null);
  return (
    <div className="md:grid md:min-h-dvh md:grid-cols-[190px_1fr]">
      <a href="#content" className="bg-panel sr-only z-30 p-2 focus:not-sr-only focus:absolute">
        Go to the content
      </a>
      <nav
        aria-label="Pages"
        className={cx(
          'border-line bg-panel border-r px-2 py-3 md:sticky md:top-0 md:block md:h-dvh md:overflow-y-auto',
          isMenuOpen ? 'block' : 'hidden',
        )}
      >
        <p className="px-2 pb-3 font-semibold tracking-tight">Sagewai</p>
        {NAVIGATION.map(({ group, places }) => {
          const shown = places.filter(({ permission }) => permissions.includes(permission));
          return shown.length === 0 ? null : (
            <div key={group ?? ''} className="pb-3">
              {group === null ? null : <p className="text-muted px-2 pb-0.5 text-xs">{group}</p>}
              {shown.map(({ to, name }) => (
                <Link
                  key={to}
                  to={to}
                  activeOptions={{ exact: to === '/', includeSearch: false }}
                  onClick={() => setMenuOpen(false)}
                  className="text-muted hover:bg-hover hover:text-ink block rounded-sm px-2 py-1"
                  activeProps={{
                    className: '!bg-accent-soft !text-accent font-medium',
                    'aria-current': 'page',
                  }}
                >
                  {name}
                </Link>
              ))}
            </div>
          );
        })}
      </nav>
      <div className="min-w-0">
        <TopBar
          onMenu={() => setMenuOpen(!isMenuOpen)}
          onPalette={open.palette}
          onHelp={open.help}
        />
        <main id="content" tabIndex={-1} className="outline-none">
          <Outlet />
        </main>
      </div>
      <Palette isOpen={dialog === 'palette'} onClose={close} />
      <Help isOpen={dialog === 'help'} onClose={close} />
    </div>
  );
}
