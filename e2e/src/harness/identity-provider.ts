import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { cleanEnvironment } from './environment.ts';
import type { Stage } from './stage.ts';

/** The process that the tests of the identity plane sign in at, too. */
const MAIN = fileURLToPath(
  new URL('../../../planes/identity/src/sso/idp-main-fixture.ts', import.meta.url),
);

/** A real identity provider (oidc-provider), in which everybody consents at once. */
export interface IdentityProvider {
  readonly port: number;
  readonly issuer: string;
  control(of: { readonly account?: object; readonly clients?: readonly object[] }): Promise<void>;
}

export async function startIdentityProvider(stage: Stage): Promise<IdentityProvider> {
  const child = spawn(process.execPath, ['--no-warnings', MAIN], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: cleanEnvironment({}),
  });
  const exited = once(child, 'exit');
  stage.defer('the identity provider', () => {
    child.stdin.end();
    return exited;
  });
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{')) continue;
    child.stdout.resume();
    const { port } = JSON.parse(line) as { port: number };
    const issuer = `http://127.0.0.1:${port}`;
    const control: IdentityProvider['control'] = async (of) => {
      await fetch(`${issuer}/control`, { method: 'POST', body: JSON.stringify(of) });
    };
    return { port, issuer, control };
  }
  throw new Error('the identity provider did not start');
}
