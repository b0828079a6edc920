import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';

import { Secret } from '@sagewai/config';
import type { Egress } from '@sagewai/egress';
import { createGoogleTokens } from '@sagewai/gateway';

import { askManager, googleUrl, ManagerRefused, textAt } from './ask-manager.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Authorization = { readonly authorization?: string };

const TIMEOUT_MS = 10_000;
/** The last minute of a token's life is nobody's. */
const UNUSABLE_BEFORE_MS = 60_000;

/** Reads a version of a secret, by the path of the API: `projects/P/secrets/S/versions/V`. */
export type ReadGoogle = (path: string) => Promise<string>;

/** Google Secret Manager, as a service account: by its key, else by what the machine is. */
export function createGoogle(given: Environment, egress: Egress): ReadGoogle {
  const base = googleUrl(given).replace(/\/+$/, '');
  const file = given['GOOGLE_APPLICATION_CREDENTIALS'];
  let signIn: Promise<() => Promise<Authorization>> | null = null;
  return async (path) => {
    signIn ??= file ? byKey(file, egress) : Promise.resolve(byMachine(given));
    const authorize = await signIn.catch((error: unknown) => {
      signIn = null;
      throw error;
    });
    const headers = await authorize();
    const url = `${base}/v1/${path}:access`;
    const answer = await askManager(egress, { method: 'GET', url, headers: { ...headers } });
    const data = textAt(answer, 'payload', 'data');
    if (data === undefined) throw new Error('the secret is empty');
    return Buffer.from(data, 'base64').toString('utf8');
  };
}

/** The key of a service account (RFC 7523). */
async function byKey(file: string, egress: Egress): Promise<() => Promise<Authorization>> {
  const account = JSON.parse(await readFile(file, 'utf8')) as unknown;
  const [type, email] = [textAt(account, 'type'), textAt(account, 'client_email')];
  const key = textAt(account, 'private_key');
  const tokenUrl = textAt(account, 'token_uri') ?? 'https://oauth2.googleapis.com/token';
  if (type !== 'service_account' || email === undefined || key === undefined) {
    throw new Error('GOOGLE_APPLICATION_CREDENTIALS is no key of a service account');
  }
  egress.allow([tokenUrl]);
  const authorize = createGoogleTokens(
    { email, key: new Secret(key), keyId: textAt(account, 'private_key_id'), tokenUrl },
    { connections: egress.pool(tokenUrl), now: Date.now },
  );
  return async () => authorize({ method: 'GET', path: '/', headers: {}, body: Buffer.alloc(0) });
}

/**
 * What the machine itself is told to be. The metadata server is what the egress keeps everybody from; here it is
 * asked for one thing, at the place that the environment names, and its answer goes to Google alone.
 */
function byMachine(given: Environment): () => Promise<Authorization> {
  const host = given['GCE_METADATA_HOST'] || 'metadata.google.internal';
  let token: { readonly value: string; readonly expiresAt: number } | null = null;
  return async () => {
    if (token === null || token.expiresAt - Date.now() <= UNUSABLE_BEFORE_MS) {
      const answer = await askMetadata(host);
      const value = textAt(answer, 'access_token');
      if (value === undefined) throw new Error(`${host} gave no token`);
      const { expires_in: seconds } = answer as { readonly expires_in?: unknown };
      const lifeMs = typeof seconds === 'number' ? seconds * 1_000 : 0;
      token = { value, expiresAt: Date.now() + lifeMs };
    }
    return { authorization: `Bearer ${token.value}` };
  };
}

function askMetadata(host: string): Promise<unknown> {
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { headers: { 'metadata-flavor': 'Google' }, timeout: TIMEOUT_MS },
      (answer) => {
        // Others than Google's may answer there.
        if (answer.statusCode === 200 && answer.headers['metadata-flavor'] === 'Google') {
          json(answer).then(resolve, reject);
          return;
        }
        answer.resume();
        reject(new ManagerRefused(host, answer.statusCode ?? 0));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`${host} does not answer`)));
    asked.on('error', reject);
    asked.end();
  });
}
