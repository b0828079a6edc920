import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';

import { selfSign } from '@sagewai/certificate';
import { expect } from 'vitest';

import { makeDatabase } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { freePort } from '../harness/free-port.ts';
import { runSagewai, startSagewai } from '../harness/sagewai.ts';
import { makeSecrets } from '../harness/server.ts';
import { waitUntil } from '../harness/wait-until.ts';

/** Its own authority: whoever trusts it trusts the server that shows it. */
function makeCertificate(): { cert: string; key: string } {
  const { certificate: cert, key } = selfSign({
    key: generateKeyPairSync('ed25519').privateKey,
    commonName: 'sagewai',
    names: ['127.0.0.1', 'localhost'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 90 * 86_400_000),
  });
  return { cert, key };
}

test('HTTPS with a private authority: command line, worker, and a certificate renewed without a restart', async ({
  stage,
}) => {
  const certFile = join(stage.folder, 'cert.pem');
  const keyFile = join(stage.folder, 'key.pem');
  const put = async ({ cert, key }: { cert: string; key: string }): Promise<void> => {
    for (const [file, text] of [
      [keyFile, key],
      [certFile, cert],
    ] as const) {
      await writeFile(`${file}.new`, text, { mode: 0o600 });
      await rename(`${file}.new`, file);
    }
  };
  await put(makeCertificate());
  const trusted = join(stage.folder, 'ca.pem');
  const first = makeCertificate();
  await put(first);
  await writeFile(trusted, first.cert);

  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const secrets = makeSecrets();
  const server = startSagewai(stage, ['server'], {
    name: 'server',
    environment: {
      DATABASE_URL: (await makeDatabase(stage, cluster())).url,
      PORT: String(port),
      SAGEWAI_HOME: join(stage.folder, 'server-home'),
      TLS_CERT_FILE: certFile,
      TLS_KEY_FILE: keyFile,
      TLS_RELOAD_INTERVAL: '100ms',
      ...secrets.environment,
    },
  });
  const said = (text: string): Promise<true> =>
    waitUntil(() => server.text().includes(text) || null, { otherwise: `no word of ${text}` });
  await said('listening');

  const home = { SAGEWAI_HOME: join(stage.folder, 'home'), SAGEWAI_TOKEN: secrets.administrator };
  const stranger = await runSagewai(stage, ['runs', 'list', '--gateway', url], home);
  expect(stranger.code).toBe(6);
  expect(stranger.text).toMatch(/certificate/);
  expect(stranger.text).toMatch(/--ca-file/);

  const login = ['login', '--gateway', url, '--ca-file', trusted, '--org', 'default'];
  expect((await runSagewai(stage, login, home)).code).toBe(0);
  const made = await runSagewai(stage, ['fleet', 'create-key', '--name', 'k', '--json'], home);
  expect(made.code).toBe(0);
  const worker = startSagewai(stage, ['worker'], {
    name: 'worker',
    environment: {
      FLEET_GATEWAY_URL: url,
      SAGEWAI_CA_FILE: trusted,
      ENROLLMENT_KEY: (JSON.parse(made.stdout) as { key: string }).key,
      SAGEWAI_HOME: join(stage.folder, 'worker-home'),
      WORKER_MODELS: 'simulated',
      OLLAMA_HOST: 'http://127.0.0.1:9',
    },
  });
  const submit = ['runs', 'submit', '--model', 'simulated', '--message', 'Hello', '--wait'];
  const done = await runSagewai(stage, [...submit, '--json'], home);
  expect(done.text).toMatch(/"state": ?"completed"/);

  const second = makeCertificate();
  await put(second);
  await said('the certificate was replaced');
  const old = await runSagewai(stage, ['runs', 'list'], home);
  expect(old.code).toBe(6);
  await writeFile(trusted, second.cert);
  expect((await runSagewai(stage, ['runs', 'list'], home)).code).toBe(0);
  expect(server.hasEnded()).toBe(false);
  expect((await worker.stop()).code).toBe(0);
});

test('a server with half a certificate does not start, and says which half', async ({ stage }) => {
  const end = await runSagewai(stage, ['server', '--tls-cert', '/nowhere/cert.pem'], {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  });
  expect(end.code).toBe(2);
  expect(end.text).toMatch(/TLS_CERT_FILE and TLS_KEY_FILE: expected both, or neither/);
});

test('a worker that shows its key is served where every request is asked for it; its copied token is not', async ({
  stage,
}) => {
  const certFile = join(stage.folder, 'cert.pem');
  const keyFile = join(stage.folder, 'key.pem');
  const { cert, key } = makeCertificate();
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  const [port, mtlsPort] = [await freePort(), await freePort()];
  const secrets = makeSecrets();
  const server = startSagewai(stage, ['server'], {
    name: 'server',
    environment: {
      DATABASE_URL: (await makeDatabase(stage, cluster())).url,
      PORT: String(port),
      MTLS_PORT: String(mtlsPort),
      SAGEWAI_HOME: join(stage.folder, 'server-home'),
      TLS_CERT_FILE: certFile,
      TLS_KEY_FILE: keyFile,
      ...secrets.environment,
    },
  });
  await server.says(/"message":"listening"/);
  const home = {
    SAGEWAI_HOME: join(stage.folder, 'home'),
    SAGEWAI_TOKEN: secrets.administrator,
    SAGEWAI_CA_FILE: certFile,
    SAGEWAI_URL: `https://127.0.0.1:${port}`,
  };
  const made = await runSagewai(stage, ['fleet', 'create-key', '--name', 'k', '--json'], home);
  const workerHome = join(stage.folder, 'worker-home');
  const worker = startSagewai(stage, ['worker', '--mtls'], {
    name: 'worker',
    environment: {
      FLEET_GATEWAY_URL: `https://127.0.0.1:${mtlsPort}`,
      SAGEWAI_CA_FILE: certFile,
      ENROLLMENT_KEY: (JSON.parse(made.stdout) as { key: string }).key,
      SAGEWAI_HOME: workerHome,
      WORKER_NAME: 'proved',
      WORKER_MODELS: 'simulated',
      OLLAMA_HOST: 'http://127.0.0.1:9',
    },
  });
  const submit = ['runs', 'submit', '--model', 'simulated', '--message', 'Hello', '--wait'];
  const done = await runSagewai(stage, [...submit, '--json'], home);
  expect(done.text).toMatch(/"state": ?"completed"/);
  expect((await worker.stop()).code).toBe(0);

  // Whoever has only copied the credential has a key of his own, or none.
  const { selfSigned, plain } = await claimAs(mtlsPort, cert, await anySecretOf(workerHome));
  expect([selfSigned.status, plain.status]).toEqual([401, 401]);
  expect(selfSigned.text).toMatch(/certificate of this connection is not of the key/);
});

async function anySecretOf(home: string): Promise<{ worker_id: string; worker_secret: string }> {
  const folder = join(home, 'workers');
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    if (text.includes('worker_secret')) {
      return JSON.parse(text) as { worker_id: string; worker_secret: string };
    }
  }
  throw new Error(`no credential in ${folder}`);
}

interface Said {
  readonly status: number;
  readonly text: string;
}

async function claimAs(
  port: number,
  ca: string,
  credential: { worker_id: string; worker_secret: string },
): Promise<{ selfSigned: Said; plain: Said }> {
  const ask = (shown: { cert?: string; key?: string }): Promise<Said> =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port,
          path: '/api/v1/fleet/claim',
          method: 'POST',
          ca,
          agent: false,
          ...shown,
          headers: {
            'content-type': 'application/json',
            'x-worker-id': credential.worker_id,
            'x-worker-secret': credential.worker_secret,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      asked.on('error', reject);
      asked.end('{"poll_timeout":0,"slots":1}');
    });
  return { selfSigned: await ask(makeCertificate()), plain: await ask({}) };
}
