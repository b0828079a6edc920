/**
 * Signed in as one organization, everything of another is thrown at every endpoint: into its path, each
 * field of its query and of its body, and the headers, by every kind of credential that may call it. It
 * reads the contract, and makes what it sends from the schemas, so that a new endpoint is covered by being
 * there. What is thrown is one row's id a table, and each name and cursor of the other organization.
 */
import { randomBytes } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { type Endpoint, ENDPOINTS } from '@sagewai/wire';
import { expect } from 'vitest';

import {
  type CallerName,
  callersOf,
  makeOrganization,
  type Organization,
} from './callers-fixture.ts';
import { plain, THROWN, TWIN, UUIDS } from './plain-answer-fixture.ts';
import { rowsOf } from './rows-of-fixture.sql.ts';
import { type Call, make, type Request, servedTest } from './served-fixture.ts';
import { cursorIn, limited, pagesOf, targetsOf, withQuery } from './targets-fixture.ts';

/** Stands in what the other organization has, and is never sent by the one that asks. */
const CANARY = 'zebrafinch';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OF_JOBS: ReadonlySet<string> = new Set([
  'alert_delivery',
  'alert_webhook',
  'audit_entry',
  'audit_head',
  'audit_sink',
  'backlog_count',
  'delivery_attempt',
  'event_cursor',
  'outbox_due',
  'pending_count',
  'spend_daily',
  'spend_fold',
  'subqueue',
  'worker_session',
]);
/** Its metrics are of all organizations, and for whoever runs the server. */
const OF_THE_PLATFORM = 'server.getMetrics';
/** What was asked stands in it, and not both have asked the same; or its id is an address for everybody. */
const NOT_ALIKE: ReadonlySet<string> = new Set([
  'sso.startSignIn',
  'sso.finishSignIn',
  'trust.listAudit',
  'trust.exportAudit',
  'fleet.listEvents',
  // Counted by jobs, each at its time.
  'fleet.listAnomalies',
  'fleet.listPending',
  'fleet.listPools',
  'fleet.listProjects',
  'fleet.listQueues',
  'fleet.readScaling',
  'fleet.readScalingText',
]);
/** Is answered once a second at most. */
const PACED = 'fleet.heartbeat';
/** What ends a credential of the caller's own comes after everything else. */
const LAST: readonly string[] = [
  'fleet.heartbeat',
  'fleet.openWorkerSession',
  'identity.changePassword',
];

interface Thrown {
  readonly text: string;
  /** The same of nobody. */
  readonly twin: string;
  /** Words of the tables that it stands in. */
  readonly tables: readonly string[];
  /** What each caller was told of a twin. */
  readonly refusals?: Map<CallerName, string>;
}

/** As they stand in paths. */
function wordsOf(table: string): string[] {
  const words = table === 'account_link' ? ['invitation'] : table.split('_');
  return words.filter((word) => word.length > 2);
}

/** Its own administrator was asked for cursors. */
const unused = (rows: readonly string[] = []): string =>
  rows.join().replaceAll(/"last_(?:used|seen)_at": (?:null|"[^"]*")/g, '');

/** An identifier that is nobody's, and stands next to it in every order. */
const twinOf = (id: string): string => `${id.slice(0, -12)}${randomBytes(6).toString('hex')}`;

/** What the other organization has, made by its own administrator. */
async function fill(call: Call, { token: credential, session }: Organization['as']): Promise<void> {
  const name = CANARY;
  const kept: readonly (readonly [string, object])[] = [
    ['/api/v1/projects', { name }],
    ['/api/v1/keys', { name }],
    ['/api/v1/runs', { payload: { say: name }, pool: name }],
    ['/api/v1/schedules', { name, cron: '0 0 1 1 *', submission: { payload: { say: name } } }],
    ['/api/v1/alert-webhooks', { name, url: 'https://203.0.113.1/hook' }],
    ['/api/v1/webhooks', { name, url: 'https://203.0.113.1/hook', events: ['run.*'] }],
    ['/api/v1/fleet/enrollment-keys', { name }],
    ['/api/v1/guardrails', { name, kind: 'secrets' }],
    ['/api/v1/harness/policies', { name }],
    ['/api/v1/service-accounts', { name }],
    ['/api/v1/invitations', { email: `${name}@people.test`, role: 'viewer' }],
    ['/api/v1/roles', { name: THROWN, permissions: ['run:read'] }],
    ['/api/v1/role-assignments', { role: THROWN, subject_kind: 'service_account', subject: name }],
    ['/team/new', { team_id: THROWN, team_alias: name }],
    ['/user/new', { user_id: THROWN, user_alias: name }],
    ['/api/v1/alert-rules', { name, period: 'day' }],
    [
      '/api/v1/triggers',
      { name, kind: 'webhook', webhook: { scheme: 'standard' }, run: { payload: {} } },
    ],
    ['/api/v1/budget/limits', { agent_name: name, max_daily_usd: '1' }],
    ['/api/v1/audit/sinks', { name, url: 'https://203.0.113.1/audit' }],
    ['/api/v1/budget/spend', { agent_name: name, cost_usd: '0.1' }],
  ];
  for (const [path, body] of kept) await make(call, credential, ['POST', path], body);
  await make(call, session, ['POST', '/api/v1/sso/connections'], {
    name,
    issuer: 'https://203.0.113.1/',
    client_id: name,
    client_authentication: 'none',
  });
}

servedTest(
  'nothing of another organization is seen, changed or told from what exists nowhere (I1, I9)',
  async ({ call, administrator, owner }) => {
    const acme = await makeOrganization(call, administrator, 'acme');
    const other = await makeOrganization(call, administrator, 'other');
    const foreign = await makeOrganization(call, administrator, `${CANARY}-org`);
    await fill(call, foreign.as);

    const before = await rowsOf(owner, foreign.id);
    // Each with a twin that exists nowhere. It is sent by an organization of its own, the same in the same
    // order: what one has made itself under a name, the other has made too.
    // One twin an id, in however many tables that stands.
    const thrown = new Map<string, Thrown>();
    for (const [table, rows] of before) {
      const { id } = JSON.parse(rows.at(-1) ?? '{}') as { id?: string };
      if (id === undefined || !UUID.test(id)) continue;
      const tables = [...(thrown.get(id)?.tables ?? []), ...wordsOf(table)];
      thrown.set(id, { text: id, twin: twinOf(id), tables });
    }
    // A name is the only id that some have, as teams do.
    const pairs: Thrown[] = [...thrown.values(), { text: THROWN, twin: TWIN, tables: [''] }];
    expect(pairs.length).toBeGreaterThan(9);
    const foreignIds = [...before.values()].flat().flatMap((row) => row.match(UUIDS) ?? []);
    // Who administers the platform has made something in every organization.
    const own = [...(await rowsOf(owner, acme.id)).values()].flat().join(' ');
    const unsaid = new Set(foreignIds.filter((id) => !thrown.has(id) && !own.includes(id)));

    const seen: string[] = [];
    let requests = 0;
    let refused = 0;
    /** The same from both, but for what is thrown: they must be answered the same. */
    const compare = async (
      what: string,
      as: CallerName,
      of: readonly [Request, Request],
      { text, twin, refusals }: Thrown,
    ): Promise<void> => {
      const answer = await call(acme.as[as], of[0]);
      requests += 1;
      const said = plain(answer, [text, acme.id, 'acme']);
      if (answer.status === 500) seen.push(`${what} ${as} ${text}: ${answer.text}`);
      if (answer.status === 401 || answer.status === 403) refused += 1;
      const leaked = (answer.text.match(UUIDS) ?? []).some((id) => unsaid.has(id));
      if (leaked || answer.text.includes(CANARY)) seen.push(`${what} ${as} tells ${answer.text}`);
      // What was refused has changed nothing, so that one refusal of a twin stands for all.
      if (answer.status >= 300 && refusals?.get(as) === said) return;
      const none = plain(await call(other.as[as], of[1]), [twin, other.id, 'other']);
      if (answer.status >= 300) refusals?.set(as, none);
      if (said !== none && !NOT_ALIKE.has(what.split(' ')[0] ?? ''))
        seen.push(`${what} ${as} ${text}: ${said} / ${none}`);
    };

    const all = (ENDPOINTS as readonly Endpoint[]).filter(({ id }) => id !== OF_THE_PLATFORM);
    const place = ({ id }: Endpoint): number => LAST.indexOf(id);
    for (const [at, endpoint] of all.toSorted((a, b) => place(a) - place(b)).entries()) {
      const callers = callersOf(endpoint);
      if (callers.length === 0) continue;
      for (const [which, target] of [...targetsOf(endpoint)].entries()) {
        // What the path may mean is thrown at it, names everywhere, the others in turn.
        const isPath = which === 0 && endpoint.params !== undefined;
        const chosen = pairs.filter(
          ({ text, tables }, n) =>
            text === THROWN ||
            (isPath && tables.some((word) => endpoint.path.includes(word))) ||
            (n + at + which) % 12 === 0,
        );
        const refusals = new Map<CallerName, string>();
        const few = endpoint.id === PACED ? chosen.slice(-1) : chosen;
        for (const [n, pair] of few.entries()) {
          const as = callers[(at + which + n) % callers.length] ?? 'token';
          const both = [target(pair.text), target(pair.twin)] as const;
          await compare(`${endpoint.id} ${which}`, as, both, { ...pair, refusals });
        }
      }
      if (endpoint.method !== 'GET' || endpoint.params !== undefined) continue;
      const nothing = { text: newId(), twin: newId(), tables: [] };
      for (const path of pagesOf(endpoint)) {
        const asked = { method: 'GET', path };
        const as = callers[at % callers.length] ?? 'token';
        await compare(`${endpoint.id} list`, as, [asked, asked], nothing);
        const cursor = cursorIn(await call(foreign.as[as], limited(asked)));
        if (cursor === null) continue;
        const next = { method: 'GET', path: withQuery(path, 'cursor', cursor) };
        await compare(`${endpoint.id} cursor`, as, [next, next], nothing);
      }
    }
    for (const header of ['x-project-id', 'x-organization']) {
      for (const { text } of pairs) {
        const path = '/api/v1/runs';
        const answer = await call(acme.as.token, {
          method: 'GET',
          path,
          headers: { [header]: text },
        });
        if (answer.status !== 404) seen.push(`${header} ${text}: ${answer.status}`);
      }
    }
    expect(seen).toEqual([]);
    expect(requests).toBeGreaterThan(1500);
    // Who asks may ask, but where what is thrown is itself a proof: of a link, a code, a password.
    expect(refused / requests).toBeLessThan(0.08);
    const after = await rowsOf(owner, foreign.id);
    const tables = [...new Set([...before.keys(), ...after.keys()])];
    const changed = tables.filter(
      (table) => unused(before.get(table)) !== unused(after.get(table)),
    );
    // What its own jobs do meanwhile: nobody serves its run, it is told so, and its queue is counted.
    expect(changed.filter((table) => !OF_JOBS.has(table))).toEqual([]);
    const known = new Set(before.get('audit_entry'));
    const told = (after.get('audit_entry') ?? []).filter((entry) => !known.has(entry));
    // Who may not sign in to it is no caller yet, and told the same by all.
    expect(told.filter((entry) => !/"actor": "fleet"|"identity.signInFailed"/.test(entry))).toEqual(
      [],
    );
  },
  180_000,
);
