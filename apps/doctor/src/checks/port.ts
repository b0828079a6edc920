import { createServer } from 'node:net';

import { failure, type Finding, ok, warning } from '../finding.ts';

/** Free, or held by a server of ours that answers. */
export async function checkPort(host: string, port: number): Promise<Finding> {
  if (await isFree(host, port)) return ok('port', `${port} is free`);
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  for (const scheme of ['http', 'https'] as const) {
    const service = await serviceAt(scheme, reached, port);
    if (service === 'sagewai') {
      return ok('port', `a Sagewai server answers at ${scheme}://${reached}:${port}`);
    }
    if (service !== null) return taken(port, service);
  }
  return taken(port, null);
}

function taken(port: number, service: string | null): Finding {
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

/** Only a name is asked for, and nothing is sent: whose certificate answers does not matter. */
async function serviceAt(
  scheme: 'http' | 'https',
  host: string,
  port: number,
): Promise<string | null> {
  const { get } = process.getBuiltinModule(`node:${scheme}`);
  const options = { host, port, path: '/api/v1/health', rejectUnauthorized: false };
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const signal = AbortSignal.timeout(2_000);
      get({ ...options, signal, agent: false }, (response) => {
        response.setEncoding('utf8');
        let body = '';
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve(body));
        response.on('error', reject);
      }).on('error', reject);
    });
    const { service } = JSON.parse(text) as { service?: unknown };
    return typeof service === 'string' ? service : null;
  } catch {
    return null;
  }
}
