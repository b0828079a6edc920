import { readFileSync } from 'node:fs';

import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { CHART, headOf, manifestFile, presetFile, presets } from '../rendered.ts';
import { findBreaches } from './find-breaches.ts';
import { findUnknownFields } from './find-unknown-fields.ts';
import { type KubernetesObject, nameOf, readObjects } from './kubernetes-object.ts';
import { podOf } from './pod-of.ts';
import { validateObject } from './validate-object.ts';

type Labels = Readonly<Record<string, string>>;

const of = (preset: string): KubernetesObject[] =>
  readObjects(readFileSync(manifestFile(preset), 'utf8'));
const find = (objects: readonly KubernetesObject[], name: string): KubernetesObject => {
  const found = objects.find((object) => nameOf(object) === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};
const selects = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);
const deployment = (): KubernetesObject =>
  structuredClone(find(of('default'), 'Deployment/sagewai-server'));
const at = (value: unknown, ...path: (string | number)[]): Record<string, unknown> =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value) as Record<
    string,
    unknown
  >;

test('the presets are all there', () => {
  expect(presets()).toEqual(['default', 'full', 'gpu', 'keda', 'planes', 'pools']);
});

describe.each(presets())('the manifest %s', (preset) => {
  const objects = of(preset);
  const pods = objects.flatMap((object) => podOf(object) ?? []);

  test('is rendered from the chart as it is (npm run deploy:render)', () => {
    expect(readFileSync(manifestFile(preset), 'utf8').startsWith(headOf(preset))).toBe(true);
  });

  test('has nothing that Kubernetes does not know, and all that it asks for', async () => {
    expect(objects.length).toBeGreaterThan(8);
    expect(objects.flatMap(findUnknownFields)).toEqual([]);
    const said = await Promise.all(objects.map(validateObject));
    expect(said.filter((one) => one !== null)).toEqual([]);
  });

  test('keeps what every workload of ours has to keep', () => {
    expect(pods.length).toBeGreaterThanOrEqual(3);
    expect(objects.flatMap(findBreaches)).toEqual([]);
  });

  test('names each object once', () => {
    const names = objects.map(nameOf);
    expect(names).toEqual([...new Set(names)]);
  });

  test('what selects pods finds some', () => {
    const selectors = objects.flatMap((object) => {
      const { spec } = object as { spec?: { selector?: { matchLabels?: Labels } & Labels } };
      const selector = spec?.selector?.matchLabels ?? spec?.selector;
      const isOfPods = ['Service', 'Deployment', 'DaemonSet', 'PodDisruptionBudget'];
      return selector && isOfPods.includes(object.kind) ? [{ object, selector }] : [];
    });
    expect(selectors.length).toBeGreaterThan(3);
    const vain = selectors.filter(
      ({ selector }) => !pods.some(({ labels }) => selects(selector, labels)),
    );
    expect(vain.map(({ object }) => nameOf(object))).toEqual([]);
  });

  test('what scales a workload names one that is there and sets no number of replicas', () => {
    const scalers = objects.filter(
      ({ kind }) => kind.endsWith('Autoscaler') || kind === 'ScaledObject',
    );
    for (const scaler of scalers) {
      const scaled = find(
        objects,
        `Deployment/${String(at(scaler, 'spec', 'scaleTargetRef')['name'])}`,
      );
      expect(at(scaled, 'spec')).not.toHaveProperty('replicas');
    }
  });
});

describe('what is planted is seen', () => {
  test('a field that does not exist, and one of another type', async () => {
    const planted = deployment();
    at(planted, 'spec')['selectr'] = {};
    at(planted, 'spec', 'template', 'spec', 'containers', 0)['imagePulPolicy'] = 'Always';
    expect(findUnknownFields(planted)).toEqual([
      'Deployment(apps/v1).spec.template.spec.containers[0].imagePulPolicy',
      'Deployment(apps/v1).spec.selectr',
    ]);
    at(planted, 'spec')['replicas'] = 'two';
    expect(await validateObject(planted)).toContain('replicas must be integer');
  });

  test('a kind that no model knows', async () => {
    const planted = { ...deployment(), kind: 'Deploymnt' };
    expect(findUnknownFields(planted)).toHaveLength(1);
    expect(await validateObject(planted)).toContain('no model');
  });

  test.each<[string, (pod: Record<string, unknown>, container: Record<string, unknown>) => void]>([
    ['may run as root', (pod) => void (pod['securityContext'] = {})],
    ['sees the host', (pod) => void (pod['hostNetwork'] = true)],
    ['has a token of Kubernetes', (pod) => void delete pod['automountServiceAccountToken']],
    ['mounts a folder of the host', (pod) => void (pod['volumes'] = [{ hostPath: {} }])],
    ['names no release of its image', (_, one) => void (one['image'] = 'sagewai/server:latest')],
    ['names no release of its image', (_, one) => void (one['image'] = 'registry:5000/server')],
    ['has no limit of memory', (_, one) => void (one['resources'] = { limits: { cpu: '1' } })],
    ['is not probed', (_, one) => void delete one['readinessProbe']],
    [
      'may write to its root',
      (_, one) => void (at(one, 'securityContext')['readOnlyRootFilesystem'] = false),
    ],
    ['has capabilities', (_, one) => void (at(one, 'securityContext')['capabilities'] = {})],
    [
      'holds a secret in its manifest',
      (_, one) => void (one['env'] = [{ name: 'JWT_SECRET', value: 'x' }]),
    ],
  ])('a server that %s', (breach, plant) => {
    const planted = deployment();
    const pod = at(planted, 'spec', 'template', 'spec');
    plant(pod, at(pod, 'containers', 0));
    expect(findBreaches(planted)).toContain(`Deployment/sagewai-server ${breach}`);
  });
});

describe('values', () => {
  const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  const defaults = (): Record<string, unknown> =>
    parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as Record<string, unknown>;

  test('the defaults keep to the schema, which describes each', () => {
    validate(defaults());
    expect(validate.errors).toBeNull();
    const described = Object.keys(at(schema, 'properties')).filter((name) => name !== 'global');
    expect(described.toSorted()).toEqual(Object.keys(defaults()).toSorted());
  });

  test.each<[string, object]>([
    ['a misspelt value', { sever: {} }],
    ['a misspelt value of a pool', { workers: { pools: { cpu: { modles: [] } } } }],
    ['the tag latest', { image: { tag: 'latest' } }],
    ['an image with a tag', { server: { image: 'sagewai/server:1' } }],
    [
      'a pool without a limit of memory',
      { workers: { pools: { cpu: { models: [], resources: { limits: {} } } } } },
    ],
    [
      'a plane that there is not',
      { planeGroups: [{ name: 'a', planes: ['gatway'], paths: ['/'] }] },
    ],
    ['root', { podSecurity: { user: 0 } }],
    ['a port out of range', { networkPolicies: { postgresPort: 70_000 } }],
  ])('%s is refused', (_, values) => {
    expect(validate(values)).toBe(false);
  });

  test.each(presets())('the preset %s keeps to the schema', (preset) => {
    const values = parse(readFileSync(presetFile(preset), 'utf8')) as Record<string, unknown>;
    const pools = Object.entries(at(values, 'workers')?.['pools'] ?? {});
    for (const [name, pool] of pools) {
      // Helm takes a null as "not this one", and merges into what there is.
      if (pool === null) delete at(values, 'workers', 'pools')[name];
      if (name === 'cpu' && pool !== null)
        Object.assign(pool, { models: [], resources: { limits: { memory: 1 } } });
    }
    validate(values);
    expect(validate.errors).toBeNull();
  });
});

describe('what a cluster relies on', () => {
  const full = of('full');

  test('CPU workers scale with what waits for their own pool, between 2 and 20, at 5 a worker', () => {
    const spec = at(find(of('default'), 'HorizontalPodAutoscaler/sagewai-cpu-workers-hpa'), 'spec');
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 20 });
    expect(spec['metrics']).toEqual([
      {
        type: 'External',
        external: {
          metric: { name: 'sagewai_pending_runs', selector: { matchLabels: { pool: 'cpu' } } },
          target: { type: 'AverageValue', averageValue: '5' },
        },
      },
    ]);
  });

  test('a LiteLLM proxy is reached by servers and workers alone', () => {
    const spec = at(find(full, 'NetworkPolicy/sagewai-litellm'), 'spec');
    expect(spec['policyTypes']).toEqual(['Ingress']);
    const from = at(spec, 'ingress', 0)['from'] as { podSelector?: { matchLabels: Labels } }[];
    const components = from.map(
      ({ podSelector }) => podSelector?.matchLabels['sagewai.io/component'],
    );
    expect(components).toEqual(['server', 'worker']);
    expect(from.every((peer) => Object.keys(peer).join() === 'podSelector')).toBe(true);
  });

  test('of the edge its own metrics are taken, not those of the gateway that it passes /metrics on to', () => {
    const { ports, env } = podOf(find(full, 'Deployment/sagewai-edge'))?.spec.containers[0] ?? {};
    expect(ports).toContainEqual({ name: 'metrics', containerPort: 9464 });
    expect(env).toContainEqual({ name: 'SAGE_EDGE_METRICS_PORT', value: '9464' });
    const service = at(find(full, 'Service/sagewai-edge'), 'spec');
    expect(service['ports']).toContainEqual({ name: 'metrics', port: 9464, targetPort: 'metrics' });
    const monitor = at(find(full, 'ServiceMonitor/sagewai-edge'), 'spec');
    expect(at(monitor, 'endpoints', 0)['port']).toBe('metrics');
  });

  test('what is asked of a secret by its key is in what external-secrets makes', () => {
    const made = full
      .filter(({ kind }) => kind === 'ExternalSecret')
      .flatMap(({ metadata, spec }) =>
        (spec as { data: { secretKey: string }[] }).data.map(
          ({ secretKey }) => `${metadata.name} ${secretKey}`,
        ),
      );
    const asked = [...JSON.stringify(full).matchAll(/"name":"([\w-]+)","key":"(\w+)"/g)];
    expect(asked.length).toBeGreaterThan(1);
    expect(made).toEqual(expect.arrayContaining(asked.map(([, name, key]) => `${name} ${key}`)));
  });

  test('every pod stands under a policy, and workers are reached by nobody', () => {
    const policies = full.filter(({ kind }) => kind === 'NetworkPolicy');
    const bare = full
      .flatMap((object) => podOf(object) ?? [])
      .filter(
        ({ labels }) =>
          !policies.some((policy) =>
            selects(at(policy, 'spec', 'podSelector')['matchLabels'] as Labels, labels),
          ),
      );
    expect(bare).toEqual([]);
    expect(at(find(full, 'NetworkPolicy/sagewai-workers'), 'spec')['ingress']).toEqual([]);
  });

  test('a worker has time to end its runs, and tells that it does not come back', () => {
    const workers = find(of('default'), 'Deployment/sagewai-cpu-workers');
    const pod = at(workers, 'spec', 'template', 'spec');
    const env = podOf(workers)?.spec.containers[0]?.env ?? [];
    const valueOf = (name: string) => env.find((one) => one.name === name)?.value;
    expect(valueOf('LEAVE_ON_STOP')).toBe('true');
    expect(Number(pod['terminationGracePeriodSeconds'])).toBeGreaterThan(
      Number.parseInt(valueOf('DRAIN_TIMEOUT') ?? '', 10),
    );
  });

  test('replicas without a store that they share keep every payload in the database', () => {
    const env = (objects: readonly KubernetesObject[]) =>
      podOf(find(objects, 'Deployment/sagewai-server'))?.spec.containers[0]?.env ?? [];
    expect(env(of('default'))).toContainEqual({
      name: 'OBJECT_THRESHOLD_BYTES',
      value: '67108864',
    });
    expect(env(full)).toContainEqual({ name: 'OBJECT_STORE_URL', value: 's3://sagewai/objects' });
    expect(env(full).map(({ name }) => name)).not.toContain('OBJECT_THRESHOLD_BYTES');
  });

  test('a stream may be silent for an hour, and is passed on as it comes', () => {
    const annotations = find(full, 'Ingress/sagewai').metadata.annotations ?? {};
    const nginx = (name: string) => annotations[`nginx.ingress.kubernetes.io/${name}`];
    expect(Number(nginx('proxy-read-timeout'))).toBeGreaterThanOrEqual(3_600);
    expect(nginx('proxy-buffering')).toBe('off');
    expect(nginx('proxy-next-upstream')).toBe('off');
  });

  test('GPU workers are one a node, where GPUs are', () => {
    const pod = at(find(of('gpu'), 'DaemonSet/sagewai-gpu-workers'), 'spec', 'template', 'spec');
    expect(pod['nodeSelector']).toEqual({ 'nvidia.com/gpu': 'true' });
    expect(pod['tolerations']).toEqual([
      { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
    ]);
    expect(at(pod, 'containers', 0, 'resources', 'limits')['nvidia.com/gpu']).toBe(1);
  });

  test('planes in Deployments of their own: each serves its own, and the ingress sends calls there', () => {
    const planes = of('planes');
    const env = podOf(find(planes, 'Deployment/sagewai-server-gateway'))?.spec.containers[0]?.env;
    expect(env).toContainEqual({ name: 'PLANES', value: 'gateway' });
    const rules = at(find(planes, 'Ingress/sagewai'), 'spec', 'rules', 0, 'http')['paths'];
    const to = (rules as { path: string; backend: { service: { name: string } } }[]).map(
      ({ path, backend }) => [path, backend.service.name],
    );
    expect(to).toContainEqual(['/', 'sagewai-server-control']);
    expect(to).toContainEqual(['/v1', 'sagewai-server-gateway']);
  });
});
