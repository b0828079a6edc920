import { Fault } from '@sagewai/fault';
import {
  ANONYMOUS,
  type Authenticator,
  implementOwn,
  implementStream,
  type RequestHead,
  type Route,
  SAFETY_HEADERS,
} from '@sagewai/http';
import { type ObjectStore, probeStore } from '@sagewai/objects';
import { type Db, readServerVersion } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import {
  getAdminHealth,
  getHealth,
  getHealthz,
  getMetrics,
  getReadiness,
  type OutputOf,
} from '@sagewai/wire';

export interface HealthOptions {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly metrics: Metrics;
  readonly metricsPublic: boolean;
  readonly version: string;
  readonly isDraining: () => boolean;
}

type Dependency = NonNullable<OutputOf<typeof getAdminHealth>['dependencies']>[number];

const PROBE_MS_MAX = 2_000;

/** Liveness asks nothing of anybody; readiness and the administrator's view ask the database. */
export function healthRoutes(options: HealthOptions): Route[] {
  const { db, objects, metrics, metricsPublic, version, isDraining } = options;
  const startedAt = performance.now();
  const alive = { status: 'ok', service: 'sagewai', version } as const;
  return [
    implementOwn(getHealth, () => Promise.resolve(alive)),
    implementOwn(getHealthz, () => Promise.resolve(alive)),
    implementOwn(getReadiness, async () => {
      if (isDraining()) throw new Fault('service.draining', 'asked while draining');
      const database = await probeDatabase(db);
      if (database.state === 'down') {
        throw new Fault('service.unavailable', 'the database does not answer', {
          detail: 'The database does not answer.',
        });
      }
      return { status: 'ready' as const };
    }),
    implementOwn(getAdminHealth, async ({ caller }) => {
      const isKnown = caller.kind === 'token' || caller.kind === 'account';
      // Only for whoever is known: a probe writes.
      const [database, store] = await Promise.all([
        probeDatabase(db),
        isKnown ? probeObjects(objects) : null,
      ]);
      const isUp = database.state === 'up' && store?.state !== 'down';
      const status = isUp ? ('ok' as const) : ('degraded' as const);
      if (store === null) return { status } as const;
      return {
        status,
        version,
        uptime_seconds: Math.floor((performance.now() - startedAt) / 1_000),
        dependencies: [database, store],
      };
    }),
    implementStream(getMetrics, async ({ caller, request, reply }) => {
      // What is measured is of every organization, so a token of one of them is not enough.
      if (!metricsPublic && !caller.scopes.has('platform') && !isNear(request)) {
        throw new Fault('caller.unknown', 'metrics were asked for from afar without a token');
      }
      const text = await metrics.render();
      reply.writeHead(200, { ...SAFETY_HEADERS, 'content-type': metrics.contentType });
      reply.end(text);
    }),
  ];
}

/**
 * Whoever asks how the server is gets an answer while the database is away, and is told as much as somebody
 * unknown: whether the credential is good, nobody can say then. One that is bad is refused as ever.
 */
export function answersHealthAlways(authenticate: Authenticator): Authenticator {
  return (head) => {
    const caller = authenticate(head);
    if (head.endpoint.id !== getAdminHealth.id || !(caller instanceof Promise)) return caller;
    return inTime(caller).catch((error: unknown) => {
      if (error instanceof Fault) throw error;
      return ANONYMOUS;
    });
  };
}

async function probeDatabase(db: Db): Promise<Dependency> {
  const startedAt = performance.now();
  try {
    const version = await inTime(readServerVersion(db));
    const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10;
    return {
      name: 'postgresql',
      state: 'up',
      latency_ms: latencyMs,
      version: version.text,
      detail: null,
    };
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
    const detail = typeof code === 'string' ? code : 'it does not answer';
    return { name: 'postgresql', state: 'down', latency_ms: null, version: null, detail };
  }
}

async function probeObjects(store: ObjectStore): Promise<Dependency> {
  const name = `objects (${store.kind})`;
  try {
    const { latencyMs } = await inTime(probeStore(store));
    return { name, state: 'up', latency_ms: latencyMs, version: null, detail: null };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it does not answer';
    return { name, state: 'down', latency_ms: null, version: null, detail: why };
  }
}

async function inTime<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PROBE_MS_MAX);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** From this machine itself: what a proxy on it passes on comes from anywhere. */
function isNear({ ip, headers }: Pick<RequestHead, 'ip' | 'headers'>): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some(
    (name) => headers[name] !== undefined,
  );
  return !isForwarded && (ip === '::1' || /^(?:::ffff:)?127\./.test(ip));
}
