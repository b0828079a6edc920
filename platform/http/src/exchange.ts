import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';

import type { Endpoint, OrganizationId, ProblemCode } from '@sagewai/wire';

import type { AuditDetails, AuditNote, AuditRecord } from './audit.ts';
import { ANONYMOUS, type Caller } from './caller.ts';
import { readPeerThumbprint } from './peer.ts';
import type { Plan } from './plan.ts';
import type { RequestHead } from './request-head.ts';

/** What the framework knows about a request that Node's own objects do not tell. */
interface Origin {
  readonly id: string;
  /** Counted from the socket, or from `x-forwarded-for` behind a trusted proxy. */
  readonly ip: string;
  readonly raw: IncomingMessage;
}

/** One request and its answer, from the first byte of the one to the last byte of the other. */
export class Exchange implements RequestHead, AuditNote {
  readonly plan: Plan;
  readonly reply: ServerResponse;
  readonly draining: AbortSignal;
  caller: Caller = ANONYMOUS;
  /** Headers of a success that the handler adds. */
  readonly headersOut: OutgoingHttpHeaders = {};
  readonly #origin: Origin;
  readonly #startedMs = performance.now();
  #subject: string | undefined;
  #details: AuditDetails = {};
  #leaving: AbortController | undefined;

  constructor(of: { plan: Plan; origin: Origin; reply: ServerResponse; draining: AbortSignal }) {
    this.plan = of.plan;
    this.reply = of.reply;
    this.draining = of.draining;
    this.#origin = of.origin;
  }

  get id(): string {
    return this.#origin.id;
  }

  get ip(): string {
    return this.#origin.ip;
  }

  get raw(): IncomingMessage {
    return this.#origin.raw;
  }

  get headers(): IncomingHttpHeaders {
    return this.#origin.raw.headers;
  }

  get peerThumbprint(): string | null | undefined {
    return readPeerThumbprint(this.#origin.raw.socket);
  }

  get isTls(): boolean {
    return 'encrypted' in this.raw.socket;
  }

  get url(): string {
    return this.#origin.raw.url ?? '/';
  }

  get endpoint(): Endpoint {
    return this.plan.endpoint;
  }

  /** Made when first asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.#leaving ??= watchLeaving(this.reply);
    return this.#leaving.signal;
  }

  /** Whether the caller went away before its answer was complete. */
  get isAbandoned(): boolean {
    return this.reply.closed && !this.reply.writableEnded;
  }

  about(subject: string, details: AuditDetails = {}): void {
    this.#subject = subject;
    this.#details = details;
  }

  /** The entry of a success; `orgId` is the organization whose transaction it was. */
  toSuccess(orgId: OrganizationId | null): AuditRecord {
    return this.#toRecord('ok', orgId, this.#details);
  }

  /**
   * The entry of a refusal: always in the chain of the caller's own organization. The one that the
   * handler acted for may be what was about to be created, and does not exist.
   */
  toRefusal(code: ProblemCode, suppressed: number): AuditRecord {
    const details = suppressed > 0 ? { ...this.#details, suppressed } : this.#details;
    return this.#toRecord(code, this.caller.orgId, details);
  }

  #toRecord(
    outcome: 'ok' | ProblemCode,
    orgId: OrganizationId | null,
    details: AuditDetails,
  ): AuditRecord {
    const { kind, id, name } = this.caller;
    return {
      orgId,
      actor: { kind, id, name },
      action: this.endpoint.id,
      subject: this.#subject ?? pathOf(this.url),
      outcome,
      requestId: this.id,
      details,
    };
  }

  elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }
}

function watchLeaving(reply: ServerResponse): AbortController {
  const leaving = new AbortController();
  const look = (): void => {
    if (!reply.writableEnded) leaving.abort();
  };
  if (reply.closed) look();
  else reply.once('close', look);
  return leaving;
}

const SUBJECT_LENGTH_MAX = 256;

/** The path as sent; its query may hold secrets. */
function pathOf(url: string): string {
  const end = url.indexOf('?');
  return (end < 0 ? url : url.slice(0, end)).slice(0, SUBJECT_LENGTH_MAX);
}
