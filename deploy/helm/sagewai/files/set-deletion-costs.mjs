// What it costs to delete a worker's pod is how many runs it holds: Kubernetes takes the cheapest ones first when a
// Deployment gets smaller. Run each minute; a pod is named as its worker is.
import { readFileSync } from 'node:fs';

const COST = 'controller.kubernetes.io/pod-deletion-cost';
const {
  SAGEWAI_URL,
  SAGEWAI_TOKEN,
  POD_NAMESPACE,
  POD_SELECTOR,
  KUBERNETES_SERVICE_HOST = 'kubernetes.default.svc',
  KUBERNETES_SERVICE_PORT_HTTPS = '443',
  KUBERNETES_URL = `https://${KUBERNETES_SERVICE_HOST}:${KUBERNETES_SERVICE_PORT_HTTPS}`,
  KUBERNETES_TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token',
} = process.env;

async function ask(url, token, { method = 'GET', type = 'application/json', body } = {}) {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': type } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(20_000),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status}`);
  return answer.json();
}

const kubernetes = readFileSync(KUBERNETES_TOKEN_FILE, 'utf8').trim();
const pods = `${KUBERNETES_URL}/api/v1/namespaces/${POD_NAMESPACE}/pods`;
const [{ workers }, { items }] = await Promise.all([
  ask(`${SAGEWAI_URL}/api/v1/fleet/workers?limit=1000`, SAGEWAI_TOKEN),
  ask(`${pods}?labelSelector=${encodeURIComponent(POD_SELECTOR)}`, kubernetes),
]);
const held = new Map(workers.map(({ name, active_runs: runs }) => [name, String(runs)]));
const changed = items
  .map(({ metadata }) => ({ metadata, cost: held.get(metadata.name) ?? '0' }))
  .filter(({ metadata, cost }) => (metadata.annotations?.[COST] ?? '0') !== cost);
const type = 'application/merge-patch+json';
for (const { metadata, cost } of changed) {
  const body = { metadata: { annotations: { [COST]: cost } } };
  await ask(`${pods}/${metadata.name}`, kubernetes, { method: 'PATCH', type, body });
}
console.log(`${changed.length} of ${items.length} pods have a new deletion cost`);
