import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createEgress } from '@sagewai/egress';
import type { Log } from '@sagewai/log';
import { createMetrics, type Metrics } from '@sagewai/telemetry';

import { createEdge, type EdgeApp } from './app.ts';
import { keepCertificate } from './certificate.ts';
import { readTrusted } from './client-address.ts';
import type { EdgeConfig } from './config.ts';
import { localTarget } from './local-target.ts';
import { createEdgeMeters } from './meters.ts';
import { type Mount, placeOf, planEdge } from './mount.ts';
import { openGateway } from './open-gateway.ts';
import { RateLimiter } from './rate.ts';
import { readMount, type RemoteMount } from './read-mounts.ts';
import { remoteTarget } from './remote-target.ts';
import type { Target } from './target.ts';
import { type Watch, watch } from './watch.ts';

export interface StartOptions {
  readonly config: EdgeConfig;
  /** For a gateway in this process, which has settings of its own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly version: string;
  readonly signal: AbortSignal;
  /** The gateway in this process cannot be opened, or can no longer serve. */
  readonly onFailure: (error: unknown) => void;
}

export interface Edge {
  readonly address: string;
  /** Where its own metrics are; null: nowhere. */
  readonly metricsAddress: string | null;
  /** Lets requests end, then everything else. */
  stop(): Promise<void>;
}

/** Builds the edge as configured, and listens. Throws `ConfigError` and `MountError`. */
export async function startEdge(options: StartOptions): Promise<Edge> {
  const { config, log } = options;
  const metrics = createMetrics({ collectDefault: true });
  const meters = createEdgeMeters(metrics);
  const urls = [mainUrl(options), ...others(config).map(({ url }) => url)].filter(
    (url) => url !== null,
  );
  const egress = createEgress({
    allowed: urls,
    connectTimeoutMs: config.sageEdgeConnectTimeoutMs,
    headersTimeoutMs: config.sageEdgeAnswerTimeoutMs,
    bodyTimeoutMs: config.sageEdgeIdleTimeoutMs,
  });
  const watches = new Map<Target, Watch>();
  const remote = (url: string): Target => {
    const target: Target = remoteTarget({
      url,
      egress,
      probeTimeoutMs: config.sageEdgeProbeTimeoutMs,
      onUnreachable: () => watches.get(target)?.doubt(),
    });
    return target;
  };
  const plan = planEdge<Target>({
    mountLlm: !config.sageEdgeNoLlm,
    llmPrefix: config.sageEdgeLlmPrefix,
    llmApp: mainTarget(options, remote),
    others: others(config).map(({ host, prefix, url }) => ({ host, prefix, target: remote(url) })),
  });
  const certificate = await keepCertificate(config, log, (other) => app.replaceCertificate(other));
  const app: EdgeApp = createEdge({
    plan,
    states: () => plan.mounts.map((mount) => stateOf(mount, watches.get(mount.target))),
    readyWhen: config.sageEdgeReady,
    isTrusted: readTrusted(config.sageEdgeTrustedProxies),
    limiter:
      config.sageEdgeRatePerSecond === 0
        ? null
        : new RateLimiter({
            perSecond: config.sageEdgeRatePerSecond,
            burst: config.sageEdgeRateBurst,
          }),
    limitBy: config.sageEdgeRateBy,
    inFlightMax: config.sageEdgeInFlightMax,
    drainLingerMs: config.sageEdgeDrainLingerMs,
    meters,
    certificate: certificate.shown,
  });
  const end = async (): Promise<void> => {
    for (const one of watches.values()) one.stop();
    certificate.stop();
    await app.close();
    await egress.destroy();
  };
  // The gateway in this process is being opened by now: an edge that does not listen leaves nothing running.
  const { address, measured } = await listenTwice(app, metrics, config).catch(
    async (error: unknown) => {
      await Promise.all(plan.mounts.map(({ target }) => target.close(0)));
      await end();
      throw error;
    },
  );
  for (const mount of plan.mounts) {
    const about = { mount: placeOf(mount), gateway: mount.target.name };
    watches.set(
      mount.target,
      watch(mount.target, {
        everyMs: config.sageEdgeProbeIntervalMs,
        backoffMs: config.sageEdgeProbeBackoffMs,
        onChange: (why) => {
          meters.ready(mount, why === null);
          if (why === null) log.info('a gateway is ready', about);
          else log.warn('a gateway is not ready', { ...about, why });
        },
      }),
    );
  }
  log.info('listening', { address, mounts: plan.mounts.map(placeOf) });
  return {
    address,
    metricsAddress: measured?.address ?? null,
    stop: async () => {
      const limitMs = config.sageEdgeDrainTimeoutMs;
      const [drained] = await Promise.all([
        app.drain(limitMs),
        ...plan.mounts.map(({ target }) => target.close(limitMs)),
      ]);
      if (drained.kind === 'cut') log.warn('requests were cut off', { left: drained.left });
      await measured?.close();
      await end();
    },
  };
}

const others = ({ sageEdgeMounts }: EdgeConfig): RemoteMount[] => sageEdgeMounts.map(readMount);

/** Null: it is not elsewhere. */
function mainUrl({ config, environment }: StartOptions): string | null {
  if (config.sageEdgeUpstream !== null) return config.sageEdgeUpstream;
  const isHere = Boolean(environment['DATABASE_URL']);
  // Who names gateways by their mounts alone gets no other one beside them.
  return isHere || config.sageEdgeMounts.length > 0 ? null : config.sagewaiUrl;
}

function mainTarget(options: StartOptions, remote: (url: string) => Target): Target | null {
  const { config, environment, onFailure } = options;
  if (config.sageEdgeNoLlm) return null;
  const url = mainUrl(options);
  if (url !== null) return remote(url);
  if (!environment['DATABASE_URL']) return null;
  return localTarget({ open: () => openGateway(options), onFailure });
}

const stateOf = (
  mount: Mount<Target>,
  seen: Watch | undefined,
): { mount: string; ready: boolean; detail?: string } => ({
  mount: placeOf(mount),
  ready: seen?.isReady ?? false,
  ...(seen?.isReady === true ? {} : { detail: seen?.detail ?? 'not asked yet' }),
});

interface Measured {
  readonly address: string;
  close(): Promise<void>;
}

async function listenTwice(
  app: EdgeApp,
  metrics: Metrics,
  config: EdgeConfig,
): Promise<{ address: string; measured: Measured | null }> {
  const { sageEdgeHost: host, sageEdgePort: port, sageEdgeMetricsPort: metricsPort } = config;
  const address = await app.listen({ host, port }).catch(sayTaken(port, '--port'));
  if (metricsPort === null) return { address, measured: null };
  const measured = await serveMetrics(metrics, { host, port: metricsPort }).catch(
    sayTaken(metricsPort, 'SAGE_EDGE_METRICS_PORT'),
  );
  return { address, measured };
}

const sayTaken =
  (port: number, setting: string) =>
  (error: unknown): never => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const advice = `stop the program that has it, or choose another: ${setting} ${port + 1}`;
    throw new Error(`port ${port} is taken: ${advice}`, { cause: error });
  };

async function serveMetrics(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Measured> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    void metrics.render().then((text) => {
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    address: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
