import { createClient, type SagewaiClient, type Send } from '@sagewai/sdk';

import { createTransport } from './create-transport.ts';
import type { ExitCode } from './exit-code.ts';
import { jsonText } from './json-text.ts';
import { readLogin } from './saved-login.ts';
import { serverUrl } from './server-url.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given: where to write, and how to reach the server. */
export interface Context {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly url: string;
  readonly home: string;
  readonly organization: string | undefined;
  readonly client: SagewaiClient;
  /** What the client shows; empty for none. */
  readonly token: string;
  /** Carries requests to the server. */
  readonly send: Send;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  now(): Date;
  /** Ends with this code when the command has done its work. */
  readonly end: (code: ExitCode) => void;
  /** Prints a result: as JSON with `--json`, else as the given text. */
  show(result: unknown, text: string): void;
}

export interface ConnectionFlags {
  readonly gateway?: string;
  readonly url?: string;
  readonly token?: string;
  readonly caFile?: string;
  readonly org?: string;
  readonly project?: string;
  readonly json?: boolean;
}

export interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly signal: AbortSignal;
  /** Ends with this code when the command has done its work. */
  readonly end: (code: ExitCode) => void;
}

export const DEFAULT_URL = 'http://localhost:8000';

/** Flags win over the environment, and that over the last login. */
export async function createContext(
  flags: ConnectionFlags,
  around: Surroundings,
): Promise<Context> {
  const { environment, home, terminal, signal } = around;
  const login = await readLogin(home);
  const url = serverUrl(
    flags.gateway ||
      flags.url ||
      environment['SAGEWAI_URL'] ||
      environment['FLEET_GATEWAY_URL'] ||
      login?.url ||
      DEFAULT_URL,
  );
  // A saved token is for the server it was saved with, and goes to no other.
  const saved = login && sameServer(login.url, url) ? login : null;
  const token =
    flags.token ||
    environment['SAGEWAI_TOKEN'] ||
    environment['SAGEWAI_ADMIN_TOKEN'] ||
    saved?.token;
  const organization = flags.org || environment['SAGEWAI_ORGANIZATION'] || saved?.organization;
  const project = flags.project || environment['SAGEWAI_PROJECT'];
  const json = flags.json === true;
  const { send, open } = await createTransport(
    flags.caFile || environment['SAGEWAI_CA_FILE'] || saved?.ca_file,
  );
  return {
    terminal,
    json,
    url,
    home,
    organization,
    signal,
    send,
    token: token?.trim() ?? '',
    end: around.end,
    client: createClient({
      url,
      send,
      open,
      signal,
      ...(token ? { token } : {}),
      ...(organization ? { organization } : {}),
      ...(project ? { project } : {}),
    }),
    now: () => new Date(),
    show: (result, text) => terminal.out(json ? jsonText(result) : text),
  };
}

function sameServer(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}
