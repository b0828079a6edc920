import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { type Endpoint, ENDPOINTS, PERMISSIONS, PROBLEMS } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

const PLANE_HEADINGS = ['## Purpose', '## Invariants', '## Tables', '## Failure modes'];
const ADR_HEADINGS = [
  '## Context',
  '## Decision',
  '## Consequences',
  '## What would change our mind',
];

/** Endpoints that anybody may call, and why. */
const PUBLIC: Readonly<Record<string, string>> = {
  'server.getHealth': 'who watches a process has no credential; it tells a name and a version',
  'server.getHealthz': 'the same, for Kubernetes',
  'server.getReadiness': 'a load balancer has no credential; it tells yes or no',
  'server.getAdminHealth': 'tells a stranger one word; the details are for access tokens',
  'server.getMetrics':
    'its handler asks for an access token, except on loopback or when told not to',
  'litellm.readHealth': 'tells a stranger counts; which deployments, whoever has an access token',
  'litellm.readLiveliness': 'who watches a process has no credential; it tells that it lives',
  'litellm.readLiveness': 'the same',
  'litellm.readReadiness': 'a load balancer has no credential; it tells yes or no',
  'litellm.readEndpointMap': 'what is served is no secret, and the same everywhere',
  'triggers.receiveWebhook': 'its sender has no credential of ours: a signature proves who sent it',
  'identity.signIn': 'who signs in has no credential yet; attempts are counted',
  'identity.signInTotp': 'the same; its challenge proves the password',
  'identity.beginSignInPasskey': 'the same; it tells a random challenge, and changes nothing',
  'identity.signInPasskey': 'the same; its challenge is answered once',
  'identity.resetPassword': 'its link is its credential, and works once',
  'identity.requestPasswordReset':
    'who has forgotten a password has none; the link goes to the account, and attempts are counted',
  'identity.acceptInvitation': 'its link is its credential, and works once',
  'identity.setUp': 'its token is its credential, and works once',
  'sso.startSignIn': 'whoever begins to sign in is nobody yet; it tells where the provider is',
  'sso.finishSignIn': 'its credential is what the provider answers, and the browser that asked',
  'sso.exchangeCode': 'its credential is in the body: a code, and a verifier',
  'fleet.registerWorker':
    'its credential may be in the body, or missing where the organization allows open registration',
};

/** Endpoints whose refusals are not recorded either, and why: nobody is asked who they are. */
const SKIPS_AUDIT: Readonly<Record<string, string>> = {
  'server.getHealth': 'asked every few seconds, refused to nobody',
  'server.getHealthz': 'the same',
  'server.getReadiness': 'the same',
  'litellm.readLiveliness': 'the same',
  'litellm.readLiveness': 'the same',
  'litellm.readReadiness': 'the same',
  'litellm.readEndpointMap': 'tells what the documentation tells',
};

/** Endpoints that change something and have no chain entry of their own for each success, and why. */
const RECORDS_OTHERWISE: Readonly<Record<string, string>> = {
  'runs.submitRun': 'one entry a group commit: run.submitted',
  'workflows.submitRun': 'the same',
  'runs.submitRuns': 'the same',
  'fleet.submitTask': 'the same',
  'fleet.submitTasks': 'the same',
  'triggers.receiveWebhook': 'the same',
  'triggers.testTrigger': 'changes nothing: it tells what a sample would do',
  'fleet.claimRuns': 'one entry a group commit: run.claimed',
  'fleet.reportRun': 'one entry a group commit: run.reported',
  'fleet.reportRuns': 'the same',
  'fleet.reserveForRun': 'one entry a batch of settlements, or of reservations that expired',
  'fleet.settleForRun': 'the same',
  'gateway.createChatCompletion': 'the same',
  'gateway.createMessage': 'the same',
  'gateway.createResponse': 'the same',
  'gateway.createCompletion': 'the same',
  'gateway.createEmbedding': 'the same',
  'gateway.createModeration': 'the same',
  'gateway.createRerank': 'the same',
  'gateway.createImage': 'the same',
  'gateway.editImage': 'the same',
  'gateway.varyImage': 'the same',
  'gateway.createTranscription': 'the same',
  'gateway.createTranslation': 'the same',
  'gateway.createSpeech': 'the same',
  'gateway.passAnthropicMessage': 'the same',
  'gateway.passAzureChat': 'the same',
  'gateway.passAzureDeploymentChat': 'the same',
  'gateway.passAzureDeploymentEmbedding': 'the same',
  'gateway.passAzureEmbedding': 'the same',
  'gateway.passAzureResponse': 'the same',
  'gateway.passBedrock': 'the same',
  'gateway.passGemini': 'the same',
  'gateway.passOpenaiChat': 'the same',
  'gateway.passOpenaiEmbedding': 'the same',
  'gateway.passOpenaiResponse': 'the same',
  'gateway.passVertex': 'the same',
  'gateway.ollamaChat': 'the same',
  'gateway.ollamaGenerate': 'the same',
  'gateway.ollamaEmbed': 'the same',
  'gateway.countMessageTokens': 'asks a question that is too long for a path; changes nothing',
  'gateway.ollamaShow': 'asks with a body, as Ollama has it; changes nothing',
  'gateway.testGuardrail': 'asks about a text that is too long for a path; changes nothing',
  'litellm.applyGuardrail': 'asks about a text that is too long for a path; changes nothing',
  'litellm.readBudgets': 'reads, with its names in the body, as LiteLLM has it',
  'litellm.readTags': 'the same',
  'ledger.recordSpend': 'the ledger writes the entry of what it books',
  'ledger.reserveSpend': 'the same, of what becomes of what it holds',
  'ledger.checkBudget': 'asks about an agent and a model; changes nothing',
  'knowledge.searchIndex': 'asks a question that is too long for a path; changes nothing',
  'gateway.testClassify': 'asks a question that is too long for a path; changes nothing',
  'scim.searchUsers': 'the same, as RFC 7644 has it; changes nothing',
  'scim.searchGroups': 'the same',
  'identity.beginPasskey': 'tells a random challenge; changes nothing',
  'identity.beginSignInPasskey': 'the same',
  'fleet.waitForResume': 'one entry a group commit: run.waiting',
  'runs.appendJournal': 'one entry a group commit: run.steps',
  'tools.callTool': 'one entry an effect: tool.called',
  'tools.reportToolCall': 'the same',
  'tools.exchangeMcp': 'the same',
  'a2a.exchange':
    'what it submits and cancels is recorded with its batch: run.submitted, run.cancelled',
  'a2a.exchangeAgent': 'the same',
  'tools.discoverTools': 'asks an MCP server which tools it has; changes nothing',
  'artifacts.putPart': 'artifacts.completeArtifact records the digest of all parts',
  'fleet.appendRunEvents':
    'what a run says of itself: append-only in a table of its own, and changes nothing else',
  'fleet.heartbeat':
    'a sign of life; what it makes go back to the queue is recorded as run.taken_back',
};

/** OpenAI's own paths, and those of providers' clients. */
const OF_MODELS = /^\/(?:v1|openai|azure|gemini|vertex_ai|bedrock)\//;

const endpoints: readonly Endpoint[] = ENDPOINTS;
const idsOf = (are: (endpoint: Endpoint) => boolean): string[] =>
  endpoints
    .filter(are)
    .map(({ id }) => id)
    .toSorted();
const changesUnrecorded = ({ method, audit }: Endpoint): boolean =>
  method !== 'GET' && audit !== 'record';

const read = (path: string): string => readFileSync(path, 'utf8');
const missingFrom = (text: string, headings: readonly string[]): string[] =>
  headings.filter((heading) => !text.includes(`\n${heading}\n`));

const planes = globSync('planes/*');
const statements = globSync('{platform,planes,apps,db}/**/src/**/*.sql.ts').filter(
  (path) => !path.includes('node_modules'),
);
const decisions = globSync('docs/adr/[0-9]*.md');
const documents = globSync(
  '{*.md,docs/**/*.md,{contract,platform,planes,apps,clients}/*/{,src/**/}README.md,{bench,e2e}/README.md}',
);
const migrations = globSync('db/migrations/*.sql');
const sources = globSync('{platform,planes,apps}/*/src/**/*.ts').filter(
  (path) => !path.endsWith('.test.ts'),
);

describe('conventions', () => {
  test('the scan sees the repository', () => {
    expect(planes.length).toBeGreaterThanOrEqual(5);
    expect(statements.length).toBeGreaterThan(10);
    expect(decisions.length).toBeGreaterThan(3);
    expect(migrations.length).toBeGreaterThan(5);
    expect(endpoints.length).toBeGreaterThan(50);
    expect(documents.length).toBeGreaterThan(15);
    expect(sources.length).toBeGreaterThan(150);
  });

  test('a planted violation is seen', () => {
    const [some] = endpoints;
    if (some === undefined) throw new Error('there is no endpoint');
    expect(changesUnrecorded({ ...some, method: 'DELETE', audit: 'read' })).toBe(true);
    expect(missingFrom('# A plane\n\n## Purpose\n', PLANE_HEADINGS)).toHaveLength(3);
  });

  test('a file of db/functions replaces the one function that it is named after', () => {
    const files = globSync('db/functions/*/*.sql');
    expect(files.length).toBeGreaterThan(20);
    const wrong = files.filter((file) => {
      const text = readFileSync(file, 'utf8');
      const made = [...text.matchAll(/^create or replace function (\w+)/gm)].map(
        ([, name]) => name,
      );
      const own = basename(file, '.sql').replaceAll('-', '_');
      return (
        made.length !== 1 || (made[0] !== own && made[0] !== `${basename(dirname(file))}_${own}`)
      );
    });
    expect(wrong).toEqual([]);
  });

  test('whoever may be called by anybody is on the written list', () => {
    expect(idsOf(({ permission }) => permission === 'public')).toEqual(
      Object.keys(PUBLIC).toSorted(),
    );
  });

  test('whoever has its refusals forgotten is on the written list', () => {
    expect(idsOf(({ audit }) => audit === 'skip')).toEqual(Object.keys(SKIPS_AUDIT).toSorted());
  });

  test('whoever changes something records it, or is on the written list', () => {
    expect(idsOf(changesUnrecorded)).toEqual(Object.keys(RECORDS_OTHERWISE).toSorted());
  });

  test('every permission is asked for, by an endpoint or by name', () => {
    const code = sources.map(read).join('\n');
    const asked = new Set<string>(endpoints.map(({ permission }) => permission));
    const isAsked = (name: string): boolean =>
      asked.has(name) || code.includes(`isAllowed('${name}'`);
    expect(Object.keys(PERMISSIONS).filter((name) => !isAsked(name))).toEqual([]);
  });

  test('an endpoint is under the prefix of its surface, and its id is used once', () => {
    const own = idsOf(({ surface, path }) => surface === 'fleet' && !path.startsWith('/api/v1/'));
    const models = idsOf(({ surface, path }) => surface === 'openai' && !OF_MODELS.test(path));
    expect([...own, ...models]).toEqual([]);
    expect(new Set(endpoints.map(({ id }) => id)).size).toBe(endpoints.length);
  });

  test('every guide stands in the index of the documentation', () => {
    const index = read('docs/README.md');
    const guides = globSync('docs/guides/*.md').map((path) => path.replace('docs/', ''));
    expect(guides.length).toBeGreaterThan(50);
    expect(guides.filter((path) => !index.includes(`(${path})`))).toEqual([]);
  });

  test.each(planes)('%s has a README with the four headings', (plane) => {
    expect(missingFrom(read(`${plane}/README.md`), PLANE_HEADINGS)).toEqual([]);
  });

  test.each(decisions)('%s has the four headings', (decision) => {
    expect(missingFrom(read(decision), ADR_HEADINGS)).toEqual([]);
  });

  test.each(statements)('%s has tests on a real database', (path) => {
    const folder = dirname(path);
    const stem = basename(path, '.sql.ts');
    const own = existsSync(`${folder}/${stem}.pg.test.ts`);
    const [source = ''] = /^.*?\/src\//.exec(path) ?? [];
    const tests = globSync(`${source}**/*.pg.test.ts`).map(read);
    const imported = tests.some((text) => text.includes(`/${stem}.sql.ts'`));
    expect(own || imported, `no .pg.test.ts of its package names ${folder}/${stem}`).toBe(true);
  });

  test.each(migrations)('%s is named by time, plane and purpose', (path) => {
    expect(basename(path)).toMatch(
      /^20\d{10}_(platform|trust|identity|ledger|gateway|fleet|decision|action|intelligence|engines)_\w+\.sql$/,
    );
  });

  test.each(planes)('every table of %s stands in its README, or in one of its folders', (plane) => {
    const made = migrations
      .filter((path) => basename(path).split('_')[1] === basename(plane))
      .flatMap((path) => [...read(path).matchAll(/call (?:tenant|dispatch)_table\('(\w+)'/g)]);
    const told = globSync(`${plane}/{,src/**/}README.md`).map(read).join('');
    const missing = made
      .map(([, table = '']) => table)
      .filter((table) => !told.includes(`\`${table}\``));
    expect(missing).toEqual([]);
  });

  test.each(documents)('every link in %s leads to something', (path) => {
    const targets = [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
      ([, target = '']) => target,
    );
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(dirname(path), target)))).toEqual([]);
  });

  test('every problem is documented', () => {
    const guide = read('docs/guides/http-status.md');
    expect(Object.keys(PROBLEMS).filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
  });
});
