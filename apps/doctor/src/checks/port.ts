import { createServer } from 'node:net';

import { failure, type Finding, ok, warning } from '../finding.ts';

/** Free, or held by a server of ours that answers. */
export async function checkPort(host: string, port: number): Promise<Finding> {
  if (await isFree(host, port)) return ok('port', `${port} is free`);
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${reached}:${port}`;
  const service = await serviceAt(url);
  if (service === 'sagewai') return ok('port', `a Sagewai server answers at ${url}`);
  const mend = `Stop what uses it, or choose another: sagewai up --port ${port + 1}`;
  return service === null
    ? failure(
        'port',
        `${port} is taken by something that does not answer as a server of ours`,
        mend,
      )
    : warning('port', `${port} is taken by ${service}`, mend);
}

async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer();
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => resolve(true));
  });
  probe.close();
  return free;
}

async function serviceAt(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/api/v1/health`, { signal: AbortSignal.timeout(2_000) });
    const body = (await response.json()) as { service?: unknown };
    return typeof body.service === 'string' ? body.service : null;
  } catch {
    return null;
  }
}
