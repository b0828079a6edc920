import type { createTransport } from 'nodemailer';

export interface MailerOptions {
  /** `smtps://user:password@host:465`, or `smtp://host:587`, which is encrypted by STARTTLS. */
  readonly url: string;
  readonly from: string;
  readonly timeoutMs: number;
  /** `required`: without encryption nothing is sent. `opportunistic`: where the server offers it. */
  readonly tls: 'required' | 'opportunistic';
  /** For tests alone: a server on loopback has a certificate that nobody vouches for. */
  readonly trustsAnyCertificate?: boolean;
}

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same for every repetition, so that receivers can know it again. */
  readonly messageId: string;
}

export type Sent =
  | { readonly kind: 'sent' }
  /** `isFinal`: it will never be taken. The text has nothing of the credentials. */
  | { readonly kind: 'failed'; readonly error: string; readonly isFinal: boolean };

export interface Mailer {
  /** Never throws. */
  send(letter: Letter): Promise<Sent>;
  close(): void;
}

type Transport = ReturnType<typeof createTransport>;

const CONNECTIONS_MAX = 2;

/** Sends letters by SMTP. Credentials stand in the URL and are told to nobody. */
export function createMailer(options: MailerOptions): Mailer {
  const { from, timeoutMs, tls } = options;
  const url = new URL(options.url);
  const isTls = url.protocol === 'smtps:';
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  // Five megabytes of code that a server without letters to send does not need.
  const connect = async (): Promise<Transport> =>
    (await import('nodemailer')).createTransport({
      pool: true,
      maxConnections: CONNECTIONS_MAX,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (isTls ? 465 : 587),
      secure: isTls,
      // A password is never sent in clear, whatever the server offers.
      requireTLS: !isTls && (tls === 'required' || user !== ''),
      ...(user === '' ? {} : { auth: { user, pass } }),
      tls: { rejectUnauthorized: options.trustsAnyCertificate !== true },
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      logger: false,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  let opened: Promise<Transport> | null = null;
  return {
    send: async ({ to, subject, text, messageId }) => {
      try {
        const transport = await (opened ??= connect());
        await transport.sendMail({ from, to, subject, text, messageId });
        return { kind: 'sent' };
      } catch (error) {
        return failed(error);
      }
    },
    close: () => void opened?.then((transport) => transport.close()),
  };
}

/** What the server said may quote what it was told: only its codes are passed on. */
function failed(error: unknown): Sent {
  const { code, responseCode } = error as {
    readonly code?: string;
    readonly responseCode?: number;
  };
  const isFinal = code !== 'EAUTH' && responseCode !== undefined && responseCode >= 500;
  const said = responseCode === undefined ? '' : ` (the server answered ${responseCode})`;
  return { kind: 'failed', error: `${code ?? 'it could not be sent'}${said}`, isFinal };
}
