import { type Connection, SERVER_URL } from './server.ts';

/** What is asked for an export: a link would carry neither the token nor where the page is. */
export function exportRequest(path: string, of: Connection): Request {
  return new Request(`${SERVER_URL}${path}`, {
    headers: {
      ...(of.token === null ? {} : { authorization: `Bearer ${of.token}` }),
      ...(of.organization === null ? {} : { 'x-organization': of.organization }),
      ...(of.project === null ? {} : { 'x-project-id': of.project }),
    },
  });
}

/** Saves an export as a file. Rejects with what the server says. */
export async function download(path: string, name: string, of: Connection): Promise<void> {
  const response = await fetch(exportRequest(path, of));
  if (!response.ok) throw new Error(await whyOf(response));
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

async function whyOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => null);
  const { detail } = (problem ?? {}) as { detail?: unknown };
  return typeof detail === 'string' ? detail : `The server answered ${response.status}.`;
}
