/**
 * The way out to addresses that tenants name: webhooks, log collectors.
 *
 * E6. Only public addresses are connected to, in whatever spelling, named or not; in private networks
 *     only hosts that the operator named. E1, E2 and E4 hold here too.
 */
import { isIP } from 'node:net';

import { isMetadataHost, isPrivateAddress } from '@sagewai/address';
import { Fault } from '@sagewai/fault';
import { Agent, type Dispatcher, request } from 'undici';

import { guardedConnect, type Resolve, systemResolve } from './guarded-connect.ts';

export interface PublicEgressOptions {
  /** Hosts in private networks, as `host` or `host:port`. */
  readonly privateHosts: readonly string[];
  /** For the whole of one message. */
  readonly timeoutMs: number;
  readonly resolve?: Resolve;
}

export interface Posted {
  readonly status: number;
  /** The beginning of what was answered. */
  readonly text: string;
}

export interface OutboundMessage {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly bytesMax: number;
  /** Breaks it off, its answer's body too. */
  readonly signal?: AbortSignal;
  /** When something of it may have left: what fails before was never sent. */
  readonly onSent?: () => void;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface OpenedAnswer {
  readonly status: number;
  readonly headers: OutboundAnswer['headers'];
  readonly body: AsyncIterable<Uint8Array>;
}

export interface PublicEgress {
  /** Throws `egress.refused` where nobody may call, and whatever the network throws. */
  post(
    url: string,
    message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  ): Promise<Posted>;
  /** The same for any request; the whole answer, which is refused when it is longer than `bytesMax`. */
  send(url: string, message: OutboundMessage): Promise<OutboundAnswer>;
  /** The same, as it arrives: whoever has enough leaves, which ends the connection. */
  open(url: string, message: Omit<OutboundMessage, 'bytesMax'>): Promise<OpenedAnswer>;
  /** Whether the operator named this host. */
  isNamed(url: string): boolean;
  /** An address of this host that may be connected to; throws `egress.refused` when it may not. */
  lookUp(host: string, port: number): Promise<string>;
  /** Throws `egress.refused` for what is refused without looking anything up. */
  check(host: string, port: number): void;
  close(): Promise<void>;
}

const ANSWER_LENGTH_MAX = 1_000;
/** Whatever a message may take: a host that does not answer at all is told early. */
const CONNECT_TIMEOUT_MS_MAX = 10_000;

export function createPublicEgress(options: PublicEgressOptions): PublicEgress {
  const { timeoutMs, resolve = systemResolve } = options;
  const named = new Set(options.privateHosts.map((host) => host.toLowerCase()));
  const isNamed = (host: string, port: number): boolean =>
    named.has(host.toLowerCase()) || named.has(`${host.toLowerCase()}:${port}`);
  const agentOf = (isRefused: (host: string) => boolean): Agent =>
    new Agent({
      connect: guardedConnect(Math.min(timeoutMs, CONNECT_TIMEOUT_MS_MAX), resolve, isRefused),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  const outside = agentOf((host) => isMetadataHost(host) || isPrivateAddress(host)); // E6
  const inside = agentOf(isMetadataHost); // E1

  const check = (host: string, port: number): void => {
    const bare = host.replace(/^\[(.*)\]$/, '$1');
    if (isMetadataHost(bare)) throw refuse(bare);
    if (isPrivateAddress(bare) && !isNamed(bare, port)) throw refuse(bare);
  };

  const place = (url: URL): { host: string; port: number } => ({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  });

  const ask = (
    text: string,
    { method, headers, body, onSent, ...of }: Omit<OutboundMessage, 'bytesMax'>,
  ): ReturnType<typeof request> => {
    const url = new URL(text);
    const { host, port } = place(url);
    check(host, port);
    const agent = isNamed(host, port) ? inside : outside;
    const dispatcher = onSent === undefined ? agent : telling(agent, onSent);
    const signal = of.signal ?? AbortSignal.timeout(timeoutMs);
    return endedBy(request(url, { method, headers, body, dispatcher, signal }), signal);
  };

  return {
    check,
    isNamed: (text) => {
      const { host, port } = place(new URL(text));
      return isNamed(host, port);
    },
    post: async (url, message) => {
      const answer = await ask(url, { ...message, method: 'POST' });
      return { status: answer.statusCode, text: await beginning(answer.body) };
    },
    send: async (url, message) => {
      const answer = await ask(url, message);
      const body = await whole(answer.body, message.bytesMax);
      return { status: answer.statusCode, headers: answer.headers, body };
    },
    open: async (url, message) => {
      const { statusCode: status, headers, body } = await ask(url, message);
      return { status, headers, body };
    },
    lookUp: (host, port) =>
      new Promise((found, failed) => {
        check(host, port);
        if (isIP(host) !== 0) {
          found(host);
          return;
        }
        resolve(host, (error, addresses) => {
          const isRefused = addresses.some(
            ({ address }) =>
              isMetadataHost(address) || (isPrivateAddress(address) && !isNamed(host, port)),
          );
          const [first] = addresses;
          if (error) failed(error);
          else if (isRefused || first === undefined) failed(refuse(host));
          else found(first.address);
        });
      }),
    close: async () => {
      await Promise.all([outside.close(), inside.close()]);
    },
  };
}

/** A request is begun once its connection is there, just before its head is written. */
const telling = (agent: Dispatcher, sent: () => void): Dispatcher =>
  agent.compose(
    (dispatch) => (options, handler) =>
      dispatch(options, {
        onRequestStart: (controller, context) => {
          handler.onRequestStart?.(controller, context);
          if (!controller.aborted) sent();
        },
        onResponseStart: (...of) => handler.onResponseStart?.(...of),
        onResponseData: (...of) => handler.onResponseData?.(...of),
        onResponseEnd: (...of) => handler.onResponseEnd?.(...of),
        onResponseError: (...of) => handler.onResponseError?.(...of),
      }),
  );

/** undici hears a signal once it is connected; a name or a host that says nothing would keep us until then. */
async function endedBy<Output>(asked: Promise<Output>, signal: AbortSignal): Promise<Output> {
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason as Error);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([asked, ended.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

async function beginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of body) {
    text += Buffer.from(piece).toString('utf8');
    // What is left is not read: leaving the loop ends the connection.
    if (text.length >= ANSWER_LENGTH_MAX) break;
  }
  return text.slice(0, ANSWER_LENGTH_MAX);
}

async function whole(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > bytesMax)
      throw new Fault('upstream.broken', `an answer of more than ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const refuse = (host: string): Fault =>
  new Fault('egress.refused', `${host} is not a public address`, {
    detail: `${host} may not be called: it is not a public address, and the operator has not named it.`,
  });
