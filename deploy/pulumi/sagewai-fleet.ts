import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

export interface WorkerPool {
  /** 0 with a GPU: one worker on each node that `nodeSelector` names. */
  readonly replicas: number;
  readonly models: readonly string[];
  readonly nodeSelector?: Record<string, string>;
  readonly resources: { readonly memory: string; readonly cpu?: string; readonly gpu?: number };
  readonly labels?: Readonly<Record<string, string>>;
  readonly maxConcurrent?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Follows what waits for the pool. */
  readonly scale?: { readonly min: number; readonly max: number };
}

export interface SagewaiFleetArgs {
  readonly namespace?: pulumi.Input<string>;
  readonly serverReplicas?: number;
  readonly serverImage?: string;
  readonly workerImage?: string;
  readonly workerPools?: Readonly<Record<string, WorkerPool>>;
  readonly databaseUrl: pulumi.Input<string>;
  readonly redisUrl?: pulumi.Input<string>;
  readonly encryptionKey: pulumi.Input<string>;
  readonly jwtSecret: pulumi.Input<string>;
  readonly adminToken?: pulumi.Input<string>;
  readonly enrollmentKey?: pulumi.Input<string>;
  /** A secret that exists, with the workers' own credentials, such as OPENAI_API_KEY. */
  readonly workerSecret?: string;
  /** Further settings of servers, none of them secret. */
  readonly serverEnv?: Readonly<Record<string, string>>;
}

const POD_SECURITY = {
  automountServiceAccountToken: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 10_001,
    runAsGroup: 10_001,
    fsGroup: 10_001,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  volumes: [
    { name: 'home', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
  ],
};
const CONTAINER_SECURITY = {
  securityContext: {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'home', mountPath: '/var/lib/sagewai' },
    { name: 'tmp', mountPath: '/tmp' },
  ],
};
const asEnv = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value }));

/** Servers, their secret, and workers by pool. The database and Redis are yours. */
export class SagewaiFleet extends pulumi.ComponentResource {
  /** Where servers are reached within the cluster. */
  readonly serverUrl: pulumi.Output<string>;
  readonly server: k8s.apps.v1.Deployment;
  readonly workers: Readonly<Record<string, k8s.apps.v1.Deployment | k8s.apps.v1.DaemonSet>>;

  constructor(name: string, args: SagewaiFleetArgs, options?: pulumi.ComponentResourceOptions) {
    super('sagewai:kubernetes:Fleet', name, {}, options);
    const { namespace = 'default', workerPools = {}, serverEnv = {} } = args;
    const replicas = args.serverReplicas ?? 2;
    if (!Number.isInteger(replicas) || replicas < 1)
      throw new Error('serverReplicas: at least one');
    for (const pool of Object.keys(workerPools)) {
      if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(pool)) {
        throw new Error(`workerPools.${pool}: lower-case letters, digits and -`);
      }
    }
    const own = { parent: this };
    const labels = { 'app.kubernetes.io/name': 'sagewai', 'app.kubernetes.io/instance': name };
    const server = `${name}-server`;
    const meta = (called: string) => ({ name: called, namespace, labels });

    const secret = new k8s.core.v1.Secret(
      `${name}-secrets`,
      {
        metadata: meta(`${name}-secrets`),
        stringData: {
          DATABASE_URL: args.databaseUrl,
          SAGEWAI_ENCRYPTION_KEY: args.encryptionKey,
          JWT_SECRET: args.jwtSecret,
          ...(args.redisUrl === undefined ? {} : { REDIS_URL: args.redisUrl }),
          ...(args.adminToken === undefined ? {} : { SAGEWAI_ADMIN_TOKEN: args.adminToken }),
        },
      },
      own,
    );
    const selector = { app: server };
    this.server = new k8s.apps.v1.Deployment(
      server,
      {
        metadata: meta(server),
        spec: {
          replicas,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          selector: { matchLabels: selector },
          template: {
            metadata: { labels: { ...labels, ...selector } },
            spec: {
              ...POD_SECURITY,
              terminationGracePeriodSeconds: 45,
              containers: [
                {
                  ...CONTAINER_SECURITY,
                  name: 'server',
                  image: args.serverImage ?? 'sagewai/server:0.1.0',
                  ports: [{ name: 'http', containerPort: 8000 }],
                  env: asEnv({
                    HOST: '0.0.0.0',
                    SAGEWAI_HOME: '/var/lib/sagewai',
                    // Without a store that all replicas share nothing is kept outside of the database.
                    OBJECT_THRESHOLD_BYTES: 'OBJECT_STORE_URL' in serverEnv ? '' : '67108864',
                    ...serverEnv,
                  }),
                  envFrom: [{ secretRef: { name: secret.metadata.name } }],
                  resources: {
                    requests: { memory: '1Gi', cpu: '500m' },
                    limits: { memory: '2Gi', cpu: '2' },
                  },
                  startupProbe: {
                    httpGet: { path: '/api/v1/health', port: 8000 },
                    periodSeconds: 5,
                    failureThreshold: 60,
                  },
                  livenessProbe: {
                    httpGet: { path: '/api/v1/health', port: 8000 },
                    timeoutSeconds: 5,
                    failureThreshold: 6,
                  },
                  readinessProbe: { httpGet: { path: '/readyz', port: 8000 }, timeoutSeconds: 3 },
                  // Endpoints hear of the end a moment later than the pod: until then calls still come.
                  lifecycle: {
                    preStop: {
                      exec: {
                        command: ['/usr/bin/node', '-e', 'setTimeout(() => undefined, 5000)'],
                      },
                    },
                  },
                },
              ],
            },
          },
        },
      },
      own,
    );
    new k8s.core.v1.Service(
      server,
      {
        metadata: meta(server),
        spec: { selector, ports: [{ name: 'http', port: 8000, targetPort: 8000 }] },
      },
      own,
    );
    new k8s.policy.v1.PodDisruptionBudget(
      server,
      {
        metadata: meta(server),
        spec: { minAvailable: replicas > 1 ? 1 : 0, selector: { matchLabels: selector } },
      },
      own,
    );

    const enrollment =
      args.enrollmentKey === undefined
        ? []
        : [
            new k8s.core.v1.Secret(
              `${name}-enrollment`,
              {
                metadata: meta(`${name}-enrollment`),
                stringData: { ENROLLMENT_KEY: args.enrollmentKey },
              },
              own,
            ).metadata.name,
          ];
    const secrets = [
      ...enrollment,
      ...(args.workerSecret === undefined ? [] : [args.workerSecret]),
    ];
    this.workers = Object.fromEntries(
      Object.entries(workerPools).map(([pool, of]) => {
        const called = `${name}-${pool}-workers`;
        const { gpu } = of.resources;
        const matchLabels = { ...labels, app: 'sagewai-worker', pool };
        const template = {
          metadata: { labels: matchLabels },
          spec: {
            ...POD_SECURITY,
            terminationGracePeriodSeconds: 630,
            nodeSelector: of.nodeSelector ?? {},
            tolerations:
              gpu === undefined
                ? []
                : [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
            containers: [
              {
                ...CONTAINER_SECURITY,
                name: 'worker',
                image: args.workerImage ?? 'sagewai/worker:0.1.0',
                env: [
                  { name: 'WORKER_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                  ...asEnv({
                    FLEET_GATEWAY_URL: `http://${server}:8000`,
                    WORKER_POOL: pool,
                    WORKER_MODELS: of.models.join(','),
                    WORKER_LABELS: Object.entries(of.labels ?? {})
                      .map(([key, value]) => `${key}=${value}`)
                      .join(','),
                    WORKER_MAX_CONCURRENT: String(of.maxConcurrent ?? 4),
                    DRAIN_TIMEOUT: '600s',
                    LEAVE_ON_STOP: 'true',
                    SAGEWAI_HOME: '/var/lib/sagewai',
                    ...of.env,
                  }),
                ],
                envFrom: secrets.map((secretName) => ({ secretRef: { name: secretName } })),
                resources: {
                  limits: {
                    memory: of.resources.memory,
                    cpu: of.resources.cpu ?? '2',
                    ...(gpu === undefined ? {} : { 'nvidia.com/gpu': String(gpu) }),
                  },
                },
              },
            ],
          },
        };
        if (of.replicas === 0 && gpu !== undefined) {
          const spec = { selector: { matchLabels }, template };
          return [pool, new k8s.apps.v1.DaemonSet(called, { metadata: meta(called), spec }, own)];
        }
        const fixed = of.scale === undefined ? { replicas: of.replicas } : {};
        const spec = { ...fixed, selector: { matchLabels }, template };
        const made = new k8s.apps.v1.Deployment(called, { metadata: meta(called), spec }, own);
        if (of.scale !== undefined) {
          new k8s.autoscaling.v2.HorizontalPodAutoscaler(
            `${called}-hpa`,
            {
              metadata: meta(`${called}-hpa`),
              spec: {
                scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: called },
                minReplicas: of.scale.min,
                maxReplicas: of.scale.max,
                metrics: [
                  {
                    type: 'External',
                    external: {
                      metric: { name: 'sagewai_pending_runs', selector: { matchLabels: { pool } } },
                      target: { type: 'AverageValue', averageValue: '5' },
                    },
                  },
                ],
              },
            },
            own,
          );
        }
        return [pool, made];
      }),
    );
    this.serverUrl = pulumi.interpolate`http://${server}.${namespace}.svc:8000`;
    this.registerOutputs({ serverUrl: this.serverUrl });
  }
}
