import type { Permission } from '@sagewai/wire';

export interface Place {
  readonly to: string;
  readonly name: string;
  /** After `g`. */
  readonly key?: string;
  /** Needed to see anything there. */
  readonly permission: Permission;
}

/** Every page that can be gone to directly, in the groups of the sidebar. */
export const NAVIGATION = [
  {
    group: null,
    places: [
      { to: '/', name: 'Overview', key: 'o', permission: 'organization:read' },
      { to: '/start', name: 'Get started', key: '1', permission: 'run:submit' },
      { to: '/runs', name: 'Runs', key: 'r', permission: 'run:read' },
      { to: '/approvals', name: 'Approvals', key: 'v', permission: 'tool:read' },
    ],
  },
  {
    group: 'Agents',
    places: [
      { to: '/workflows', name: 'Workflows', key: 'f', permission: 'run:read' },
      { to: '/tools', name: 'Tools', key: 'x', permission: 'tool:read' },
    ],
  },
  {
    group: 'Fleet',
    places: [
      { to: '/fleet/workers', name: 'Workers', key: 'w', permission: 'fleet:read' },
      {
        to: '/fleet/enrollment-keys',
        name: 'Enrollment keys',
        key: 'e',
        permission: 'enrollment:read',
      },
      { to: '/fleet/queues', name: 'Queues', key: 'q', permission: 'fleet:read' },
      { to: '/fleet/schedules', name: 'Schedules', key: 'c', permission: 'schedule:read' },
      { to: '/fleet/dead-letters', name: 'Dead letters', key: 'd', permission: 'run:read' },
      { to: '/fleet/anomalies', name: 'Anomalies', key: '2', permission: 'fleet:read' },
    ],
  },
  {
    group: 'Gateway',
    places: [
      { to: '/models', name: 'Models', key: 'm', permission: 'model:list' },
      { to: '/routing', name: 'Routing', key: '3', permission: 'spend:read' },
      { to: '/guardrails', name: 'Guardrails', key: '4', permission: 'project:read' },
      { to: '/requests', name: 'Requests', key: 'l', permission: 'spend:read' },
      { to: '/analytics', name: 'Analytics', key: 'z', permission: 'spend:read' },
      { to: '/playground', name: 'Playground', key: 'y', permission: 'model:list' },
    ],
  },
  {
    group: 'Money',
    places: [
      { to: '/keys', name: 'Keys', key: 'k', permission: 'key:read' },
      { to: '/budgets', name: 'Budgets', key: 'b', permission: 'spend:read' },
      { to: '/spend', name: 'Spend', key: 's', permission: 'spend:read' },
    ],
  },
  {
    group: 'Trust',
    places: [{ to: '/audit', name: 'Audit log', key: 'a', permission: 'audit:read' }],
  },
  {
    group: 'Settings',
    places: [
      { to: '/people', name: 'People', key: 'u', permission: 'account:read' },
      { to: '/tokens', name: 'Access tokens', key: 't', permission: 'token:read' },
      { to: '/sign-on', name: 'Single sign-on', key: 'n', permission: 'sso:read' },
      { to: '/alerts', name: 'Alerts', key: '5', permission: 'alert:read' },
      { to: '/webhooks', name: 'Webhooks', key: 'h', permission: 'alert:read' },
      { to: '/data', name: 'Data', key: 'j', permission: 'fleet:read' },
      { to: '/health', name: 'Health', key: '6', permission: 'spend:read' },
      { to: '/account', name: 'Your account', key: 'i', permission: 'organization:read' },
    ],
  },
] as const satisfies readonly {
  readonly group: string | null;
  readonly places: readonly Place[];
}[];

export const PLACES: readonly Place[] = NAVIGATION.flatMap(({ places }) => [...places]);
