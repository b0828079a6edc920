import type { Egress } from '@sagewai/egress';

import { askManager, ManagerRefused, textAt } from './ask-manager.ts';

export interface VaultAccess {
  /** `VAULT_ADDR`. */
  readonly url: string;
  readonly namespace: string | null;
  readonly login:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'approle'; readonly roleId: string; readonly secretId: string };
}

export type ReadVault = (path: string, field: string) => Promise<string>;

/** HashiCorp Vault and OpenBao, secrets engine KV version 2. A token of AppRole is asked for when it is needed. */
export function createVault({ url, namespace, login }: VaultAccess, egress: Egress): ReadVault {
  const base = url.replace(/\/+$/, '');
  const headers = namespace === null ? {} : { 'x-vault-namespace': namespace };
  let token = login.kind === 'token' ? login.token : null;

  async function logIn(): Promise<string> {
    if (login.kind === 'token') return login.token;
    const answer = await askManager(egress, {
      method: 'POST',
      url: `${base}/v1/auth/approle/login`,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ role_id: login.roleId, secret_id: login.secretId }),
    });
    const given = textAt(answer, 'auth', 'client_token');
    if (given === undefined) throw new Error('Vault gave no token for the role');
    return given;
  }

  return async (path, field) => {
    const read = (by: string): Promise<Record<string, unknown>> =>
      askManager(egress, {
        method: 'GET',
        url: `${base}/v1/${path}`,
        headers: { 'x-vault-token': by, ...headers },
      });
    const known = token;
    token ??= await logIn();
    let answer: Record<string, unknown>;
    try {
      answer = await read(token);
    } catch (error) {
      const isExpired = error instanceof ManagerRefused && error.status === 403;
      if (!isExpired || known === null || login.kind === 'token') throw error;
      token = await logIn();
      answer = await read(token);
    }
    const value = textAt(answer, 'data', 'data', field);
    if (value === undefined) throw new Error(`the secret has no text in a field ${field}`);
    return value;
  };
}
