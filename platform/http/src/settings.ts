export interface HttpSettings {
  /** Size of a body unless its endpoint says otherwise. */
  readonly bodyBytesMax: number;
  /** The same of a form, which may bring files. */
  readonly formBytesMax: number;
  /** Of all forms that are kept in memory at one moment; another is told to come again. */
  readonly formsBytesMax: number;
  /** Addresses or CIDR ranges whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[];
  /** How long an idle connection stays open; longer than a load balancer in front keeps it. */
  readonly keepAliveMs: number;
  /**
   * How long a draining process goes on answering 503 at least, so that whoever has an idle connection
   * open hears it instead of finding the connection closed under its next request.
   */
  readonly drainLingerMs: number;
  /** To receive the head of a request. */
  readonly headersMs: number;
  /** To receive a whole request. The answer may take longer: long polls wait 60 s. */
  readonly requestMs: number;
  /** For `/openapi.json`. */
  readonly title: string;
  readonly version: string;
}

export const HTTP_DEFAULTS: HttpSettings = {
  bodyBytesMax: 8 * 1024 * 1024,
  formBytesMax: 100 * 1024 * 1024,
  formsBytesMax: 512 * 1024 * 1024,
  trustedProxies: [],
  keepAliveMs: 75_000,
  drainLingerMs: 500,
  headersMs: 15_000,
  requestMs: 300_000,
  title: 'Sagewai',
  version: '0.1.0',
};
