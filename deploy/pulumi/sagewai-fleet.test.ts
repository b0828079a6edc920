import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as pulumi from '@pulumi/pulumi';

interface Made {
  readonly type: string;
  readonly name: string;
  // The shape of a resource is what is tested.
  readonly inputs: any;
}

const made: Made[] = [];
await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    made.push({ type, name, inputs });
    return { id: `${name}-id`, state: inputs };
  },
  call: ({ inputs }) => inputs,
});
const { SagewaiFleet } = await import('./sagewai-fleet.ts');

const settled = <Value>(output: pulumi.Output<Value>): Promise<Value> =>
  new Promise((resolve) => output.apply(resolve));
const ARGS = {
  databaseUrl: 'postgresql://a',
  encryptionKey: 'e'.repeat(64),
  jwtSecret: 'j'.repeat(32),
};

async function build(name: string, more: object): Promise<Map<string, any>> {
  const fleet = new SagewaiFleet(name, { ...ARGS, ...more });
  await settled(fleet.serverUrl);
  await pulumi.runtime.disconnect();
  const own = made.filter((one) => one.name.startsWith(name) && one.type.startsWith('kubernetes:'));
  return new Map(own.map(({ inputs }) => [`${inputs.kind}/${inputs.metadata.name}`, inputs]));
}

test('servers and pools are made as the Terraform module makes them', async () => {
  const objects = await build('a', {
    redisUrl: 'redis://r',
    enrollmentKey: 'sk-fleet-1',
    workerSecret: 'own',
    workerPools: {
      cpu: {
        replicas: 3,
        models: ['gpt-4o', 'claude-sonnet-4'],
        resources: { memory: '2Gi', cpu: '2' },
      },
      gpu: {
        replicas: 0,
        models: ['ollama/llama3.1:70b'],
        nodeSelector: { 'nvidia.com/gpu': 'true' },
        resources: { memory: '8Gi', gpu: 1 },
      },
    },
  });
  assert.deepEqual([...objects.keys()].toSorted(), [
    'DaemonSet/a-gpu-workers',
    'Deployment/a-cpu-workers',
    'Deployment/a-server',
    'PodDisruptionBudget/a-server',
    'Secret/a-enrollment',
    'Secret/a-secrets',
    'Service/a-server',
  ]);
  assert.equal(objects.get('Deployment/a-server').spec.replicas, 2);
  const cpu = objects.get('Deployment/a-cpu-workers').spec;
  assert.equal(cpu.replicas, 3);
  const [container] = cpu.template.spec.containers;
  assert.ok(
    container.env.some(
      (one: any) => one.name === 'WORKER_MODELS' && one.value === 'gpt-4o,claude-sonnet-4',
    ),
  );
  assert.deepEqual(container.envFrom, [
    { secretRef: { name: 'a-enrollment' } },
    { secretRef: { name: 'own' } },
  ]);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  const gpu = objects.get('DaemonSet/a-gpu-workers').spec.template.spec;
  assert.deepEqual(gpu.nodeSelector, { 'nvidia.com/gpu': 'true' });
  assert.equal(gpu.containers[0].resources.limits['nvidia.com/gpu'], '1');
});

test('a pool that scales sets no replicas, and follows what waits for itself', async () => {
  const objects = await build('b', {
    workerPools: {
      cpu: { replicas: 3, models: [], resources: { memory: '1Gi' }, scale: { min: 2, max: 20 } },
    },
  });
  assert.ok(!('replicas' in objects.get('Deployment/b-cpu-workers').spec));
  const { spec } = objects.get('HorizontalPodAutoscaler/b-cpu-workers-hpa');
  assert.deepEqual(spec.metrics[0].external.metric.selector, { matchLabels: { pool: 'cpu' } });
});

test('what cannot be is refused', () => {
  assert.throws(() => new SagewaiFleet('c', { ...ARGS, serverReplicas: 0 }), /at least one/);
  const pool = { replicas: 1, models: [], resources: { memory: '1Gi' } };
  assert.throws(
    () => new SagewaiFleet('d', { ...ARGS, workerPools: { CPU_1: pool } }),
    /lower-case/,
  );
});

test('the program of the documentation runs as it stands', async () => {
  await import('./documented.ts');
  await pulumi.runtime.disconnect();
  const names = made.map(({ name }) => name);
  assert.ok(names.includes('sagewai-server') && names.includes('sagewai-cpu-workers'));
});
