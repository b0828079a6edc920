/** The documentation's own manifests, fed to what we check ours with, and compared with what the chart makes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENDPOINTS } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { findUnknownFields } from './kubernetes/find-unknown-fields.ts';
import { type KubernetesObject, nameOf, readObjects } from './kubernetes/kubernetes-object.ts';
import { podOf } from './kubernetes/pod-of.ts';
import { validateObject } from './kubernetes/validate-object.ts';
import { DEPLOY, manifestFile } from './rendered.ts';

const read = (path: string): KubernetesObject[] => readObjects(readFileSync(path, 'utf8'));
const documented = read(join(DEPLOY, 'documented/kubernetes.yaml'));
const ours = new Map(read(manifestFile('gpu')).map((object) => [nameOf(object), object]));
const text = (path: string): string => readFileSync(join(DEPLOY, '..', path), 'utf8');

/** Leaves of an object by their paths. */
function leaves(value: unknown, path = ''): [path: string, value: unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, one]) => leaves(one, `${path}.${name}`));
}

test('Kubernetes takes them', async () => {
  expect(documented.map(nameOf)).toEqual([
    'Deployment/sagewai-server',
    'Service/sagewai-server',
    'Deployment/sagewai-cpu-workers',
    'HorizontalPodAutoscaler/sagewai-cpu-workers-hpa',
    'DaemonSet/sagewai-gpu-workers',
  ]);
  expect(documented.flatMap(findUnknownFields)).toEqual([]);
  const said = await Promise.all(documented.map(validateObject));
  expect(said.filter((one) => one !== null)).toEqual([]);
});

test('every setting that they name is one of a worker', () => {
  const names = documented.flatMap((object) =>
    (podOf(object)?.spec.containers ?? []).flatMap(({ env = [] }) => env.map(({ name }) => name)),
  );
  expect(new Set(names)).toEqual(new Set(['FLEET_GATEWAY_URL', 'WORKER_POOL', 'WORKER_MODELS']));
  const known = text('clients/worker/src/config.ts');
  expect(names.filter((name) => !known.includes(`  ${name}: field.`))).toEqual([]);
});

test('every path that they probe is served to whoever asks', () => {
  const paths = documented
    .flatMap((object) => leaves(object))
    .filter(([path]) => path.endsWith('.httpGet.path'))
    .map(([, path]) => path);
  expect(paths).toHaveLength(2);
  const served: readonly string[] = ENDPOINTS.map(({ method, path }) => `${method} ${path}`);
  expect(paths.filter((path) => !served.includes(`GET ${String(path)}`))).toEqual([]);
});

test('the metric that they scale by is told, and an autoscaler can ask the server itself for it', () => {
  expect(text('docs/metrics.md')).toContain('`sagewai_pending_runs`');
  const served: readonly string[] = ENDPOINTS.map(({ path }) => path);
  expect(served.some((path) => path.startsWith('/apis/external.metrics.k8s.io/v1beta1'))).toBe(
    true,
  );
});

test('the chart makes the same objects, but for what is better written otherwise', () => {
  const otherwise = documented.flatMap((object) => {
    const own = new Map(leaves(ours.get(nameOf(object))));
    return leaves(object)
      .filter(([path, value]) => String(own.get(path)) !== String(value) && !path.includes('.env.'))
      .map(
        ([path, value]) => `${nameOf(object)}${path}: ${String(value)} → ${String(own.get(path))}`,
      );
  });
  expect(otherwise).toEqual([
    // A release, never `latest`.
    'Deployment/sagewai-server.spec.template.spec.containers.0.image: sagewai/server:latest → sagewai/server:0.1.0',
    'Deployment/sagewai-server.spec.template.spec.containers.0.resources.limits.cpu: 2000m → 2',
    // A startup probe waits for as long as a start takes; readiness asks the database.
    'Deployment/sagewai-server.spec.template.spec.containers.0.livenessProbe.httpGet.port: 8000 → http',
    'Deployment/sagewai-server.spec.template.spec.containers.0.livenessProbe.initialDelaySeconds: 10 → undefined',
    'Deployment/sagewai-server.spec.template.spec.containers.0.readinessProbe.httpGet.path: /api/v1/health → /readyz',
    'Deployment/sagewai-server.spec.template.spec.containers.0.readinessProbe.httpGet.port: 8000 → http',
    'Deployment/sagewai-server.spec.template.spec.containers.0.readinessProbe.initialDelaySeconds: 5 → undefined',
    'Service/sagewai-server.spec.ports.0.targetPort: 8000 → http',
    // The autoscaler decides how many.
    'Deployment/sagewai-cpu-workers.spec.replicas: 3 → undefined',
    'Deployment/sagewai-cpu-workers.spec.template.spec.containers.0.image: sagewai/worker:latest → sagewai/worker:0.1.0',
    'Deployment/sagewai-cpu-workers.spec.template.spec.containers.0.resources.limits.cpu: 2000m → 2',
    'DaemonSet/sagewai-gpu-workers.spec.template.spec.containers.0.image: sagewai/worker:latest → sagewai/worker:0.1.0',
  ]);
});

test('the settings of the chart’s workers agree with theirs', () => {
  for (const object of documented) {
    const [theirs] = podOf(object)?.spec.containers ?? [];
    const own = ours.get(nameOf(object));
    const env = own === undefined ? [] : (podOf(own)?.spec.containers[0]?.env ?? []);
    for (const one of theirs?.env ?? []) expect(env).toContainEqual(one);
  }
});
