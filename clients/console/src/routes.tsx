import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';

import { readAnalyticsSearch } from './analytics/analytics-search.ts';
import { readAuditSearch } from './evidence/audit-search.ts';
import { readRequestSearch } from './money/request-search.ts';
import { readSpendSearch } from './money/spend-search.ts';
import { readCompareSearch } from './runs/compare-search.ts';
import { readRunSearch } from './runs/run-search.ts';
import { Missing } from './shell/missing.tsx';
import { Shell } from './shell/shell.tsx';
import { readToolSearch } from './tools/tool-search.ts';
import { Failure } from './ui/failure.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: Missing,
  errorComponent: ({ error, reset }) => <Failure error={error} again={reset} />,
});

// Each stands by itself: inside the list their types would be taken from it.
const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
});
const start = createRoute({
  getParentRoute: () => root,
  path: '/start',
  component: lazyRouteComponent(() => import('./pages/start.tsx'), 'StartPage'),
});
const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: readRunSearch,
  component: lazyRouteComponent(() => import('./pages/runs.tsx'), 'RunsPage'),
});
const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$runId',
  component: lazyRouteComponent(() => import('./pages/run.tsx'), 'RunPage'),
});
const compare = createRoute({
  getParentRoute: () => root,
  path: '/compare',
  validateSearch: readCompareSearch,
  component: lazyRouteComponent(() => import('./pages/compare.tsx'), 'ComparePage'),
});
const approvals = createRoute({
  getParentRoute: () => root,
  path: '/approvals',
  component: lazyRouteComponent(() => import('./pages/approvals.tsx'), 'ApprovalsPage'),
});
const workflows = createRoute({
  getParentRoute: () => root,
  path: '/workflows',
  component: lazyRouteComponent(() => import('./pages/workflows.tsx'), 'WorkflowsPage'),
});
const workflow = createRoute({
  getParentRoute: () => root,
  path: '/workflows/$workflow',
  component: lazyRouteComponent(() => import('./pages/workflow.tsx'), 'WorkflowPage'),
});
const tools = createRoute({
  getParentRoute: () => root,
  path: '/tools',
  validateSearch: readToolSearch,
  component: lazyRouteComponent(() => import('./pages/tools.tsx'), 'ToolsPage'),
});
const tool = createRoute({
  getParentRoute: () => root,
  path: '/tools/$toolId',
  component: lazyRouteComponent(() => import('./pages/tool.tsx'), 'ToolPage'),
});
const toolCall = createRoute({
  getParentRoute: () => root,
  path: '/tool-calls/$callId',
  component: lazyRouteComponent(() => import('./pages/tool-call.tsx'), 'ToolCallPage'),
});
const workers = createRoute({
  getParentRoute: () => root,
  path: '/fleet/workers',
  component: lazyRouteComponent(() => import('./pages/workers.tsx'), 'WorkersPage'),
});
const enrollmentKeys = createRoute({
  getParentRoute: () => root,
  path: '/fleet/enrollment-keys',
  component: lazyRouteComponent(() => import('./pages/enrollment-keys.tsx'), 'EnrollmentKeysPage'),
});
const queues = createRoute({
  getParentRoute: () => root,
  path: '/fleet/queues',
  component: lazyRouteComponent(() => import('./pages/queues.tsx'), 'QueuesPage'),
});
const deadLetters = createRoute({
  getParentRoute: () => root,
  path: '/fleet/dead-letters',
  component: lazyRouteComponent(() => import('./pages/dead-letters.tsx'), 'DeadLettersPage'),
});
const schedules = createRoute({
  getParentRoute: () => root,
  path: '/fleet/schedules',
  component: lazyRouteComponent(() => import('./pages/schedules.tsx'), 'SchedulesPage'),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/keys.tsx'), 'KeysPage'),
});
const budgets = createRoute({
  getParentRoute: () => root,
  path: '/budgets',
  component: lazyRouteComponent(() => import('./pages/budgets.tsx'), 'BudgetsPage'),
});
const spend = createRoute({
  getParentRoute: () => root,
  path: '/spend',
  validateSearch: readSpendSearch,
  component: lazyRouteComponent(() => import('./pages/spend.tsx'), 'SpendPage'),
});
const analytics = createRoute({
  getParentRoute: () => root,
  path: '/analytics',
  validateSearch: readAnalyticsSearch,
  component: lazyRouteComponent(() => import('./pages/analytics.tsx'), 'AnalyticsPage'),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage'),
});
const models = createRoute({
  getParentRoute: () => root,
  path: '/models',
  component: lazyRouteComponent(() => import('./pages/models.tsx'), 'ModelsPage'),
});
const requests = createRoute({
  getParentRoute: () => root,
  path: '/requests',
  validateSearch: readRequestSearch,
  component: lazyRouteComponent(() => import('./pages/requests.tsx'), 'RequestsPage'),
});
const playground = createRoute({
  getParentRoute: () => root,
  path: '/playground',
  component: lazyRouteComponent(() => import('./pages/playground.tsx'), 'PlaygroundPage'),
});
const people = createRoute({
  getParentRoute: () => root,
  path: '/people',
  component: lazyRouteComponent(() => import('./pages/people.tsx'), 'PeoplePage'),
});
const tokens = createRoute({
  getParentRoute: () => root,
  path: '/tokens',
  component: lazyRouteComponent(() => import('./pages/tokens.tsx'), 'TokensPage'),
});
const signOn = createRoute({
  getParentRoute: () => root,
  path: '/sign-on',
  component: lazyRouteComponent(() => import('./pages/sign-on.tsx'), 'SignOnPage'),
});
const webhooks = createRoute({
  getParentRoute: () => root,
  path: '/webhooks',
  component: lazyRouteComponent(() => import('./pages/webhooks.tsx'), 'WebhooksPage'),
});
const data = createRoute({
  getParentRoute: () => root,
  path: '/data',
  component: lazyRouteComponent(() => import('./pages/data.tsx'), 'DataPage'),
});
const sessions = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/sessions.tsx'), 'SessionsPage'),
});
const anomalies = createRoute({
  getParentRoute: () => root,
  path: '/fleet/anomalies',
  component: lazyRouteComponent(() => import('./pages/anomalies.tsx'), 'AnomaliesPage'),
});
const routing = createRoute({
  getParentRoute: () => root,
  path: '/routing',
  component: lazyRouteComponent(() => import('./pages/routing.tsx'), 'RoutingPage'),
});
const guardrails = createRoute({
  getParentRoute: () => root,
  path: '/guardrails',
  component: lazyRouteComponent(() => import('./pages/guardrails.tsx'), 'GuardrailsPage'),
});
const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./pages/alerts.tsx'), 'AlertsPage'),
});
const health = createRoute({
  getParentRoute: () => root,
  path: '/health',
  component: lazyRouteComponent(() => import('./pages/health.tsx'), 'HealthPage'),
});

/** Every address of the console. */
const pages = root.addChildren([
  overview,
  start,
  runs,
  run,
  compare,
  approvals,
  workflows,
  workflow,
  tools,
  tool,
  toolCall,
  workers,
  enrollmentKeys,
  queues,
  deadLetters,
  schedules,
  keys,
  budgets,
  spend,
  analytics,
  audit,
  models,
  requests,
  playground,
  people,
  tokens,
  signOn,
  webhooks,
  data,
  sessions,
  anomalies,
  routing,
  guardrails,
  alerts,
  health,
]);

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- its type is the list of all routes
export const createConsoleRouter = (basepath: string) =>
  createRouter({ routeTree: pages, basepath, defaultPreload: 'intent' });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
