import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A real identity provider (oidc-provider) in a process of its own. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly host: string;
  control(of: {
    readonly account?: object;
    readonly clients?: readonly object[];
    readonly rotate?: boolean;
  }): Promise<void>;
  stop(): Promise<void>;
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const file = new URL('idp-main-fixture.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--no-warnings', file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let port: number | null = null;
  // It also tells the world that plain HTTP is not for production.
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{')) continue;
    ({ port } = JSON.parse(line) as { port: number });
    break;
  }
  if (port === null) throw new Error('the identity provider did not start');
  child.stdout.resume();
  const host = `127.0.0.1:${port}`;
  return {
    issuer: `http://${host}`,
    host,
    control: async (of) => {
      await fetch(`http://${host}/control`, { method: 'POST', body: JSON.stringify(of) });
    },
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

/** Goes where it is sent, and keeps cookies, as a browser does; `origins` are served from memory. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #served: (origin: string) => ((url: URL, cookie: string) => Promise<Visited>) | null;

  constructor(
    served: (origin: string) => ((url: URL, cookie: string) => Promise<Visited>) | null = () =>
      null,
  ) {
    this.#served = served;
  }

  async visit(url: URL): Promise<Visited> {
    const cookie = [...(this.#cookies.get(url.host) ?? [])]
      .map((each) => each.join('='))
      .join('; ');
    const answer = await (this.#served(url.origin) ?? fetchOne)(url, cookie);
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>();
    this.#cookies.set(url.host, jar);
    for (const line of answer.setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const isGone = value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line);
      if (isGone) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  cookie(host: string, name: string): string | undefined {
    return this.#cookies.get(host)?.get(name);
  }

  /** Follows redirects up to the first answer that is none, or that leads to where `stopAt` says. */
  async follow(start: URL, stopAt: (url: URL) => boolean = () => false): Promise<Visited> {
    let url = start;
    for (let steps = 0; steps < 12; steps++) {
      const answer = await this.visit(url);
      if (answer.location === null) return answer;
      url = new URL(answer.location, url);
      if (stopAt(url)) return { ...answer, location: url.href };
    }
    throw new Error(`no end of redirects at ${url.href}`);
  }
}

export interface Visited {
  readonly status: number;
  readonly location: string | null;
  readonly setCookies: readonly string[];
  readonly text: string;
}

async function fetchOne(url: URL, cookie: string): Promise<Visited> {
  const answer = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    setCookies: answer.headers.getSetCookie(),
    text: await answer.text(),
  };
}
