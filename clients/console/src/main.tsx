import './styles.css';
import { SagewaiError } from '@sagewai/sdk';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { isSignedOut } from './api/session.ts';
import { createConsoleRouter } from './routes.tsx';
import { showTheme } from './shell/theme.ts';

const RETRIES_MAX = 2;

// Written absolutely: a base that is relative to the address would move with it.
const [base] = document.getElementsByTagName('base');
if (base) base.href = document.baseURI;
const { pathname } = new URL('.', document.baseURI);
if (location.pathname === pathname)
  history.replaceState(null, '', `${pathname}console/${location.search}`);
showTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      retry: (count, error) =>
        count < RETRIES_MAX &&
        error instanceof SagewaiError &&
        error.retryable &&
        error.code !== 'unreachable',
    },
  },
});
// The session may end while a page is open: the shell asks who is there, and shows how to sign in.
queries.getQueryCache().subscribe((event) => {
  if (event.type !== 'updated' || event.action.type !== 'error') return;
  if (isSignedOut(event.action.error) && !event.query.queryHash.includes('identity.whoAmI')) {
    void queries.resetQueries({ queryKey: ['identity.whoAmI'] });
  }
});

const root = document.getElementById('root');
if (root === null) throw new Error('the document has no place for the console');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={createConsoleRouter(`${pathname}console`)} />
    </QueryClientProvider>
  </StrictMode>,
);
