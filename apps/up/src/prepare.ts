import { type KeptLogin, keepLogin } from './keep-login.ts';
import { type KeptState, readState, saveState } from './kept-state.ts';
import { CallFailed, type ServerApi } from './server-api.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Prepared extends KeptState {
  /** The credentials were made now, and are shown; later starts only say where they are. */
  readonly first: boolean;
  /** Where the commands of this home go. */
  readonly login: KeptLogin;
}

/**
 * Makes what a newcomer needs, once: the first organization and project are the server's; the virtual
 * key and the key that enrolls local workers are ours. Found again at later starts on the same home.
 */
export async function prepare(
  api: ServerApi,
  home: string,
  adminToken: string,
  choose: (organization: string) => void,
): Promise<Prepared> {
  const kept = await readState(home);
  const { organizations } = await api.get<{ organizations: Named[] }>('/api/v1/organizations');
  const organization = organizations.find(({ id }) => id === kept.organization) ?? organizations[0];
  if (!organization) throw new Error('the server has no organization');
  choose(organization.id);
  const { projects } = await api.get<{ projects: Named[] }>('/api/v1/projects');
  const project = projects.find(({ name }) => name === 'default') ?? projects[0];
  if (!project) throw new Error('the organization has no project');

  const virtualKey =
    kept.virtualKey !== undefined && (await isAlive(api, kept.virtualKey))
      ? kept.virtualKey
      : (await api.post<{ key: string }>('/api/v1/keys', { name: 'first key' })).key;
  const enrollmentKey =
    kept.enrollmentKey ??
    (await api.post<{ key: string }>('/api/v1/fleet/enrollment-keys', { name: 'local workers' }))
      .key;
  const state: KeptState = {
    adminToken,
    organization: organization.id,
    project: project.id,
    virtualKey,
    enrollmentKey,
  };
  await saveState(home, state);
  const login = await keepLogin(
    { url: api.url, token: adminToken, organization: organization.id },
    { home, formerToken: kept.adminToken, isKnown: (token) => api.knows(token) },
  );
  return { ...state, first: kept.virtualKey !== virtualKey, login };
}

async function isAlive(api: ServerApi, virtualKey: string): Promise<boolean> {
  try {
    await api.models(virtualKey);
    return true;
  } catch (thrown) {
    if (thrown instanceof CallFailed && [401, 403].includes(thrown.status)) return false;
    throw thrown;
  }
}
