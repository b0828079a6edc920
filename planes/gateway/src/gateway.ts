import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import { createEgress, type Egress } from '@sagewai/egress';
import type { CredentialReader, Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import type { Ledger } from '@sagewai/ledger';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics, Span } from '@sagewai/telemetry';

import { administrationRoutes } from './administration-routes.ts';
import { createBeat } from './answers/beat.ts';
import { withBackground } from './background/background-lane.ts';
import { createKept } from './batches/create-kept.ts';
import { createAnswers } from './cache/create-answers.ts';
import type { SharedAnswersOptions } from './cache/shared-answers.ts';
import { createCallBodies } from './call-bodies/create-call-bodies.ts';
import { createSettle, reserveCall } from './calls/account-call.ts';
import { Allowance } from './calls/count-allowance.ts';
import { createCountTokens } from './calls/count-tokens.ts';
import { createDeciding } from './calls/create-deciding.ts';
import { createForward, type ForwardParts } from './calls/forward.ts';
import type { RouteParts } from './calls/route-call.ts';
import { tellsPlaceTo } from './calls/tells-place.ts';
import { traced, traceReader } from './calls/trace-call.ts';
import { type GatewayConfig, upstreamUrls } from './gateway-config.ts';
import { createGuardrails } from './guardrails/create-guardrails.ts';
import { gatewayJobs } from './jobs.ts';
import { createKeyReader } from './keys/key-reader.ts';
import { createRunReader, type RunLeases } from './keys/run-reader.ts';
import { createMasterKeyReader } from './litellm/master-key.ts';
import { serverRoutes } from './litellm/server-routes.ts';
import { createMeters } from './meters.ts';
import { createCatalogue } from './models/catalogue.ts';
import { configuredOf } from './models/configured-of.ts';
import type { Deployment } from './models/deployment.ts';
import { ollamaRoutes } from './ollama-routes.ts';
import { passRoutes } from './passthrough/pass-routes.ts';
import { createProjectCredentials } from './project-credentials/project-credentials.ts';
import { createAskers } from './providers/create-askers.ts';
import { createUpstreams, type Pool } from './providers/create-upstreams.ts';
import { modelRoutes } from './routes.ts';
import { createRouteMeters } from './routing/route-meters.ts';
import { routeRoutes } from './routing/route-routes.ts';
import { withSlots } from './slots/with-slots.ts';
import type { JudgeSpend } from './soft-budgets/with-soft-budgets.ts';
import type { ModelSource } from './sources/model-source.ts';
import { withSources } from './sources/with-sources.ts';
import { createStoredModels } from './stored-models/stored-models.ts';
import { type StoredReferences, VALUES_ONLY } from './stored-models/stored-references.ts';
import { storedModelRoutes } from './stored-models/stored-routes.ts';
import { surfaceRoutes } from './surface-routes.ts';
import { createSwitchboard } from './switchboard.ts';
import { createTierBook, type TierBook } from './tiers/tier-book.ts';
import { tierRoutes } from './tiers/tier-routes.ts';

export interface GatewayOptions {
  readonly db: Db;
  readonly ledger: Ledger;
  /** Must let through what `upstreamUrls(config)` names; its time-outs are `config.timeouts`. */
  readonly egress: Egress;
  readonly log: Log;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  readonly runLeases: RunLeases;
  readonly runTokenKey: KeyObject;
  /** Seal what deployments are that were added while servers run. */
  readonly sealing: SealingKeys;
  /** Seal the ids of responses that providers keep. */
  readonly responseKeys: SealingKeys;
  /** Where all replicas look for answers that one of them kept; none: each has its own. */
  readonly sharedAnswers?: SharedAnswersOptions | null | undefined;
  /** Resolve what stands elsewhere; left out: nothing does. */
  readonly references?: StoredReferences | undefined;
  /** What answers from inside the installation: agents. */
  readonly modelSources?: readonly ModelSource[] | undefined;
  /** What agents should spend: asked before every call. Left out: nothing. */
  readonly judgeSpend?: JudgeSpend | undefined;
  readonly metrics?: Metrics | undefined;
  /** Takes a span of every model call; left out: nobody keeps traces, and calls only pass them on. */
  readonly record?: ((span: Span) => void) | undefined;
}

export interface Gateway {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  readonly credentialReaders: readonly CredentialReader[];
  /** Which models and pools requests get that leave it to their complexity. */
  readonly chooseTier: TierBook['choose'];
  /**
   * Other deployments and another routing from now on; calls under way end as they began. What else a
   * configuration says holds from the next start on.
   */
  apply(config: GatewayConfig): void;
  /** Ends what still looks for models. Calls under way are the server's to drain. */
  close(): void;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { db, ledger, egress, clock, config, log } = options;
  const { openForMs } = ledger;
  const closing = new AbortController();
  // E6. What arrives by API is not what the operator wrote.
  const outside = createEgress({
    allowed: [],
    publicOnly: true,
    connectTimeoutMs: config.timeouts.connectMs,
    headersTimeoutMs: config.timeouts.firstByteMs,
    bodyTimeoutMs: config.timeouts.idleMs,
  });
  const poolOf = (url: string): Pool => (egress.names(url) ? egress : outside).pool(url);
  let configured = configuredOf(config);
  let { routing } = config;
  const askers = createAskers({ egress, poolOf, closing: closing.signal });
  const meters = createMeters({ metrics: options.metrics, log });
  const listed = createCatalogue({
    ...configured,
    sources: config.sources,
    list: askers.list,
    clock,
    log,
  });
  const sourced = withSources(listed, options.modelSources ?? []);
  const { references = VALUES_ONLY } = options;
  const credentials = createProjectCredentials({
    ...options,
    keys: options.sealing,
    references,
    catalogue: sourced.catalogue,
    poolOf,
    endpoints: () =>
      [...configured.deployments, ...config.sources, ...stored.deployments()].map(
        ({ endpoint }) => endpoint,
      ),
    intervalMs: config.storedModelsMs,
  });
  const { catalogue } = credentials;
  const tiers = createTierBook({ db, clock, openForMs });
  const switchboard = createSwitchboard({
    upstreamOf: createUpstreams(config, { poolOf, clock, sourced }),
    routing: () => routing,
    cooled: (deployment) => routeMeters.cooled(deployment),
    clock,
    log,
  });
  const routeMeters = createRouteMeters(options.metrics, () => switchboard.countCooling());
  const answers = createAnswers({ ...options, deployments: configured.deployments });
  const settle = answers.told(
    traced(meters.counted(createSettle(ledger, config.routingDecisions)), options.record),
  );
  const decide = createDeciding({ ...options, catalogue, tiers, meters });
  const reserve: RouteParts['reserve'] = (call, trail) =>
    reserveCall(ledger, call, { trail, expiresInMs: config.reservationTtlMs });
  const traceOf = traceReader(options.record);
  const tellsPlace = tellsPlaceTo(config.providerAddresses);
  const forwarding: ForwardParts = {
    tellsPlace,
    decide,
    reserve,
    settle: (call, outcome) => {
      const { usage, deployment } = outcome;
      switchboard.noteTokens(deployment, usage.input + usage.output);
      return settle(call, outcome);
    },
    switchboard,
    routeMeters,
    fallbacks: () => routing.fallbacks,
    traceOf,
    limits: {
      answerBytesMax: config.answerBytesMax,
      eventBytesMax: config.answerBytesMax,
      clientStallMs: config.timeouts.clientStallMs,
      beat: config.streamBeatMs > 0 ? createBeat(config.streamBeatMs) : null,
    },
  };
  const allowOutside = (url: string): void => {
    if (!egress.names(url)) outside.allow([url]);
  };
  const stored = createStoredModels({
    ...options,
    keys: options.sealing,
    references,
    allow: allowOutside,
    changed: (deployments) => rebuild(deployments),
    readCredentials: () => credentials.refresh(),
  });
  const rebuild = (added: readonly Deployment[]): void => {
    const ids = new Set(configured.deployments.map(({ id }) => id));
    const deployments = [...configured.deployments, ...added.filter(({ id }) => !ids.has(id))];
    catalogue.replace({ ...configured, deployments });
    answers.serve(deployments);
    switchboard.keep(new Set(deployments.map(({ id }) => id)));
  };
  const forwardNow = createForward(forwarding);
  const forwardCached = answers.keeping(forwardNow, { decide, reserve, settle, traceOf });
  const forwardAny = withBackground(forwardCached, { db, ledger, forwarding, config });
  const forward = withSlots(forwardAny, { db, log, ttlMs: config.reservationTtlMs });
  const { answerBytesMax } = config;
  const countTokens = createCountTokens({
    catalogue,
    switchboard,
    answerBytesMax,
    tellsPlace,
    allowance: new Allowance(config.tokenCountsPerMinute, clock),
  });
  const guardrails = createGuardrails({ ...options, poolOf, outside, answerBytesMax, openForMs });
  const bodies = createCallBodies(options);
  const kept = createKept({ ...options, catalogue, switchboard, meters });
  const keyReader = createKeyReader({ db, clock, openForMs });
  return {
    routes: [
      ...modelRoutes({ forward, countTokens, catalogue }),
      ...surfaceRoutes({ forward, responseKeys: options.responseKeys, media: config.media }),
      ...passRoutes({ forward, catalogue, responseKeys: options.responseKeys }),
      ...kept.routes,
      ...ollamaRoutes({ forward, catalogue, now: () => clock.now() }),
      ...administrationRoutes({
        forget: () => keyReader.forgetAll(),
        keys: options.sealing,
        clock,
      }),
      ...routeRoutes({ catalogue, switchboard, fallbacks: () => routing.fallbacks }),
      ...serverRoutes({
        db,
        catalogue,
        switchboard,
        isStored: (id) => stored.deployments().some((one) => one.id === id),
      }),
      ...storedModelRoutes({
        stored,
        references,
        now: () => clock.now(),
        isConfigured: (id) => configured.deployments.some((one) => one.id === id),
        checkAddress: allowOutside,
      }),
      ...answers.routes,
      ...tierRoutes({ forget: () => tiers.forget() }),
      ...credentials.routes,
      ...guardrails.routes,
      ...bodies.routes,
    ].map(bodies.around(guardrails.guard)),
    jobs: [
      ...bodies.jobs,
      ...kept.jobs,
      ...gatewayJobs({ ...options, catalogue, switchboard, stored, ask: askers.ask }),
    ],
    credentialReaders: [
      createMasterKeyReader({ db, key: config.masterKey, clock }),
      keyReader,
      createRunReader({ runLeases: options.runLeases, runTokenKey: options.runTokenKey, clock }),
    ],
    apply: (other) => {
      egress.allow(upstreamUrls(other));
      ({ routing } = other);
      answers.apply(other.cache);
      guardrails.apply(other.guardrails);
      configured = configuredOf(other);
      rebuild(stored.deployments());
    },
    chooseTier: (of, request) => tiers.choose(of, request),
    close: () => {
      closing.abort();
      credentials.close();
      void outside.destroy();
    },
  };
}
