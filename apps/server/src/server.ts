import { systemClock as clock } from '@sagewai/clock';
import { deriveKey } from '@sagewai/crypto';
import { createDecision } from '@sagewai/decision';
import { createFleet } from '@sagewai/fleet';
import { createGateway, type GatewayConfig, priceOwnCall } from '@sagewai/gateway';
import { type App, createApp, createAuthenticator, type ServerCertificate } from '@sagewai/http';
import { createTokenReader, identityRoutes, runTokenKey } from '@sagewai/identity';
import { type Jobs, readDue, startJobs } from '@sagewai/jobs';
import { createLedger, createSoftBudgets, ledgerJobs, ledgerRoutes } from '@sagewai/ledger';
import type { Log } from '@sagewai/log';
import { meteredStore, type ObjectStore } from '@sagewai/objects';
import { withPatience } from '@sagewai/postgres';
import { createMetrics, type Metrics } from '@sagewai/telemetry';
import { createAuditor, trustRoutes } from '@sagewai/trust';

import { certificateJob } from './certificate.ts';
import type { ServerConfig } from './config.ts';
import { webOptions } from './console/web-options.ts';
import { createServerEngines } from './create-engines.ts';
import { createIdentityProviders } from './create-identity-providers.ts';
import { createMemory } from './create-memory.ts';
import { createOutgoing } from './create-outgoing.ts';
import { createPeople } from './create-people.ts';
import { createTools } from './create-tools.ts';
import { createTraces } from './create-traces.ts';
import { createDatabaseMeters } from './database-meters.ts';
import { createEncryption } from './encryption/create-encryption.ts';
import { fleetMasters, keysFor } from './encryption/purposes.ts';
import { fleetSettings } from './fleet-settings.ts';
import { answersHealthAlways, healthRoutes } from './health.ts';
import { schemaJob } from './jobs.ts';
import { seekLeadership } from './leadership.ts';
import { ledgerPaces, ledgerSettings } from './ledger-settings.ts';
import { answersIn, openAccelerator } from './open-accelerator.ts';
import type { Databases } from './open-database.ts';
import { createProjectDeletion } from './projects/create-project-deletion.ts';
import { createProviderEgress } from './provider-egress.ts';
import type { Environment } from './read-models.ts';
import { createModelsMeter, type LiveModels, modelsFileJobs } from './reload-models.ts';
import type { ResolvedSecrets } from './secrets/resolve-secrets.ts';
import { storedReferences } from './secrets/stored-references.ts';
import type { ServerKeys } from './server-keys.ts';
import { softBudgetSettings } from './soft-budget-settings.ts';

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly gatewayConfig: GatewayConfig;
  readonly databases: Databases;
  readonly keys: ServerKeys;
  /** Null: plain HTTP. */
  readonly certificate: ServerCertificate | null;
  /** Ends with the server. */
  readonly objects: ObjectStore;
  /** The file that `gatewayConfig` is from, and where its `os.environ/…` point; read again on change. */
  readonly modelsFile?:
    | {
        readonly text: string | null;
        readonly env: Environment;
        readonly refresh?: ResolvedSecrets['refresh'];
      }
    | undefined;
  readonly version: string;
  readonly log: Log;
  /** The schema has become one that this process cannot serve. */
  readonly onOutdated: (migration: string) => void;
}

export interface Server {
  readonly app: App;
  readonly metrics: Metrics;
  /** Lets requests end, then everything else, in order. */
  stop(limitMs: number): Promise<void>;
}

/** The whole server, as one list of planes: read this to learn what it can do. */
export async function buildServer(options: ServerOptions): Promise<Server> {
  const { config, gatewayConfig, databases, keys, certificate, version, log } = options;
  const { request: db, dispatch } = databases;
  const { publicUrl } = config;
  const models: LiveModels = { current: gatewayConfig, text: options.modelsFile?.text ?? null };
  const metrics = createMetrics({ collectDefault: true });
  createDatabaseMeters(metrics, databases);
  const objects = meteredStore(options.objects, metrics);
  const egress = createProviderEgress(config, gatewayConfig);

  const traces = createTraces({ config, egress, metrics, log, version });

  const tokens = createTokenReader({ db, clock, metrics, sendsMail: config.smtpUrl !== null });
  const nudge = (name: string): void => jobs.nudge(name);
  const outgoing = createOutgoing({ ...options, db, clock, metrics, nudge });
  const { letters } = outgoing;
  const signIn = createPeople({ config, keys, db, clock, metrics, tokens, letters });
  const ledger = createLedger({
    db: databases.ledger,
    log,
    metrics,
    clock,
    ...ledgerSettings(config),
  });
  const redis = await openAccelerator(config, { log, metrics });
  const softBudgets = createSoftBudgets({
    db,
    dispatch,
    ledger,
    clock,
    log,
    metrics,
    nudge,
    sendsMail: outgoing.sendsMail,
    ...softBudgetSettings(config),
  });
  const fleet = createFleet({
    db,
    dispatch,
    listenUrl: config.databaseUrl,
    redis,
    ledger,
    priceOf: (model) => priceOwnCall(models.current.deployments, model, clock.now()),
    chooseTier: (of, request) => gateway.chooseTier(of, request),
    clock,
    log,
    metrics,
    workerTokenKey: deriveKey(keys.signing, 'worker-token'),
    runTokenKey: runTokenKey(keys.signing),
    sealingKeys: fleetMasters(keys.sealing),
    lastingKeys: keys.lasting,
    objects,
    egress: outgoing.egress,
    settings: fleetSettings(config),
  });
  const gateway = createGateway({
    db,
    ledger,
    egress,
    log,
    clock,
    config: gatewayConfig,
    runLeases: { areAlive: (leases) => fleet.areLeasesAlive(leases) },
    runTokenKey: runTokenKey(keys.signing),
    sealing: keysFor(keys.sealing, 'gateway-model'),
    responseKeys: keysFor(keys.sealing, 'gateway-response'),
    sharedAnswers: answersIn(redis, config, keys),
    references: storedReferences(config, options),
    // Agents are models too: whoever owns them is wired here.
    modelSources: [],
    judgeSpend: softBudgets.judge,
    metrics,
    record: traces === null ? undefined : (span) => traces.record(span),
  });

  const engines = createServerEngines({ ...options, db, clock, gateway, nudge });
  const live = { models, gateway: engines, log, note: createModelsMeter(metrics) };
  const memory = createMemory({ ...options, db, clock, objects, models: gateway.routes });
  const decision = createDecision({ db, dispatch, fleet, objects, clock, log, publicUrl });
  const tools = createTools({ ...options, db, dispatch, fleet, decision, objects, clock, metrics });
  const projects = createProjectDeletion({ ...options, fleet, nudge });
  const encryption = createEncryption({ config, keys, databases, log });
  const providers = createIdentityProviders({ config, keys, db, clock, certificate });

  const planes = {
    identity: {
      routes: [...identityRoutes({ db, tokens }), ...signIn.routes, ...providers.routes],
      jobs: [],
    },
    trust: { routes: [...trustRoutes({ db }), ...outgoing.routes], jobs: outgoing.jobs },
    ledger: {
      routes: [...ledgerRoutes({ db }), ...softBudgets.routes],
      jobs: [
        ...softBudgets.jobs,
        ...ledgerJobs({ db, dispatch, log, metrics, ...ledgerPaces(config) }),
      ],
    },
    gateway: { ...gateway, routes: memory.modelRoutes },
    intelligence: memory,
    engines,
    fleet,
    action: tools,
    decision,
  } as const;
  const chosen = Object.entries(planes)
    .filter(([name]) => config.planes.includes(name))
    .map(([, plane]) => plane);

  let draining = false;
  const app = createApp({
    routes: [
      ...healthRoutes({
        db,
        objects,
        metrics,
        metricsPublic: config.metricsPublic,
        version,
        isDraining: () => draining,
      }),
      ...encryption.routes,
      ...projects.routes,
      ...chosen.flatMap(({ routes }) => routes),
    ],
    // Who calls is asked of every plane, also of those whose routes this process does not serve.
    authenticate: answersHealthAlways(
      createAuthenticator([
        signIn.sessions,
        tokens,
        ...fleet.credentialReaders,
        ...gateway.credentialReaders,
      ]),
    ),
    auditor: createAuditor({ db }),
    db,
    clock,
    log,
    metrics,
    certificate,
    ...webOptions(config, version),
  });

  const leadership = seekLeadership(dispatch, log, config.planes);
  const jobs: Jobs = startJobs(
    [
      ...chosen.flatMap((plane) => plane.jobs),
      // Engines are called where models are, not only where engines are started.
      ...engines.serving,
      ...encryption.jobs,
      ...projects.jobs,
      schemaJob(databases, options.onOutdated),
      ...modelsFileJobs(config, options.modelsFile, live),
      ...(certificate ? [certificateJob(config, certificate, { app, log, metrics })] : []),
    ],
    {
      log,
      clock,
      metrics,
      leadership,
      around: (work) => withPatience(config.databaseJobTimeoutMs, work),
      due: {
        read: (questions) => readDue(dispatch, questions),
        busyEveryMs: config.jobLookIntervalMs,
        idleEveryMs: config.jobIdleLookIntervalMs,
      },
    },
  );
  return {
    app,
    metrics,
    stop: async (limitMs) => {
      draining = true;
      const drained = await app.drain(limitMs);
      if (drained.kind === 'cut') log.warn('requests were cut off', { left: drained.left });
      await jobs.stop();
      await leadership.stop();
      gateway.close();
      await ledger.close();
      await fleet.close();
      await redis?.close();
      await app.close();
      await traces?.close();
      await egress.destroy();
      await objects.close();
      await outgoing.close();
      await tools.close();
      await engines.close();
      await providers.close();
      await encryption.close();
    },
  };
}
