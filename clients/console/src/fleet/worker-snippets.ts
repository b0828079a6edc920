/** Commands that start a worker with a key that was just made; each is pasted as it is. */
export function workerSnippets(
  url: string,
  key: string,
): readonly { readonly name: string; readonly text: string }[] {
  return [
    {
      name: 'Command line',
      text: `FLEET_GATEWAY_URL=${url} \\\nENROLLMENT_KEY=${key} \\\nsagewai worker`,
    },
    {
      name: 'Docker',
      text: `docker run -d --restart unless-stopped \\\n  -e FLEET_GATEWAY_URL=${url} \\\n  -e ENROLLMENT_KEY=${key} \\\n  -v sagewai-worker:/root/.sagewai \\\n  sagewai/worker`,
    },
    {
      name: 'Compose',
      text: `services:
  worker:
    image: sagewai/worker
    restart: unless-stopped
    environment:
      FLEET_GATEWAY_URL: ${url}
      ENROLLMENT_KEY: ${key}
    volumes:
      - worker:/root/.sagewai
volumes:
  worker:`,
    },
    {
      name: 'Kubernetes',
      text: `kubectl create secret generic sagewai-worker \\
  --from-literal=ENROLLMENT_KEY=${key}
kubectl create deployment sagewai-worker --image=sagewai/worker
kubectl set env deployment/sagewai-worker \\
  FLEET_GATEWAY_URL=${url} --from=secret/sagewai-worker`,
    },
  ];
}
