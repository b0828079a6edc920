import { type KubernetesObject, nameOf } from './kubernetes-object.ts';
import { type Container, type Pod, podOf } from './pod-of.ts';

/** Nobody calls a worker, so there is nothing to ask it by: its process ends when its heartbeat does. Jobs end. */
const UNPROBED = new Set(['worker', 'migration', 'deletion-cost']);
/** Patches pods. */
const TALKS_TO_KUBERNETES = new Set(['deletion-cost']);

/** What a workload does that none of ours may. */
export function findBreaches(object: KubernetesObject): string[] {
  const pod = podOf(object);
  if (pod === null) return [];
  const component = pod.labels['sagewai.io/component'] ?? '';
  const found = [
    ...ofPod(pod, component),
    ...pod.spec.containers.flatMap((container) => ofContainer(container, component)),
  ];
  return found.map((breach) => `${nameOf(object)} ${breach}`);
}

function ofPod({ spec }: Pod, component: string): string[] {
  const { securityContext: security } = spec;
  return told({
    'may run as root': security?.runAsNonRoot !== true,
    'has no seccomp profile': security?.seccompProfile?.type !== 'RuntimeDefault',
    'sees the host': spec.hostNetwork === true || spec.hostPID === true,
    'mounts a folder of the host': (spec.volumes ?? []).some((volume) => 'hostPath' in volume),
    'has a token of Kubernetes':
      spec.automountServiceAccountToken !== false && !TALKS_TO_KUBERNETES.has(component),
  });
}

function ofContainer(container: Container, component: string): string[] {
  const { image, resources, securityContext: security = {} } = container;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  const capabilities = security['capabilities'] as { drop?: string[] } | undefined;
  return told({
    'names no release of its image': tag === undefined || tag === 'latest',
    'has no limit of memory': resources?.limits?.['memory'] === undefined,
    'has no limit of CPU': resources?.limits?.['cpu'] === undefined,
    'is not probed':
      !UNPROBED.has(component) &&
      (container.livenessProbe === undefined || container.readinessProbe === undefined),
    'may gain privileges':
      security['allowPrivilegeEscalation'] !== false || security['privileged'] === true,
    'may write to its root': security['readOnlyRootFilesystem'] !== true,
    'has capabilities': capabilities?.drop?.[0] !== 'ALL',
    'holds a secret in its manifest': (container.env ?? []).some(
      ({ name, value }) => value !== undefined && /KEY$|SECRET$|TOKEN$|PASSWORD$/.test(name),
    ),
  });
}

const told = (breaches: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(breaches)
    .filter(([, isSo]) => isSo)
    .map(([breach]) => breach);
