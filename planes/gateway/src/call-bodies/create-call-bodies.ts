import type { ServerResponse } from 'node:http';

import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import type { Caller, Route, StreamInput } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, ReservationId } from '@sagewai/wire';

import { bodyRoutes } from './body-routes.ts';
import type { BodySettings } from './body-settings.ts';
import { dropOver, insertBody, listKeepers, listKeeping } from './call-bodies.sql.ts';
import { isText, sealBody } from './call-body.ts';
import { Capture, type Room } from './capture.ts';
import { KnownKeeping } from './keeping.ts';

export interface CallBodies {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  /** The same route, behind the guardrails, with what passes them kept where its project says so. */
  readonly around: (guard: (route: Route) => Route) => (route: Route) => Route;
}

interface Parts {
  readonly db: Db;
  readonly sealing: SealingKeys;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: { readonly callBodies: BodySettings };
}

// As with credentials: a change is seen everywhere within this time.
const AGE_MS_MAX = 1_000;
const DROPPED_AT_ONCE = 1_000;

export function createCallBodies(parts: Parts): CallBodies {
  const { db, sealing, log, config } = parts;
  const { bytesMax, roomBytesMax, dropEveryMs: everyMs } = config.callBodies;
  const room: Room = { free: roomBytesMax };
  const captures = new WeakMap<ServerResponse, Capture>();
  const keeping = new KnownKeeping({
    clock: parts.clock,
    ageMsMax: AGE_MS_MAX,
    load: async () =>
      new Map((await listKeeping(db)).map(({ projectId, keepDays }) => [projectId, keepDays])),
  });
  const keep = async (
    input: StreamInput,
    keepDays: number,
    handle: (input: StreamInput) => Promise<void>,
  ): Promise<void> => {
    const capture = new Capture(input.reply, bytesMax, room);
    captures.set(input.reply, capture);
    try {
      await handle(input);
    } finally {
      // Its client has been answered (I4).
      await store(input.caller, capture, keepDays).catch((error: unknown) => {
        log.warn('what a call asked and was answered could not be kept', {
          call: capture.callId,
          error,
        });
      });
      capture.letGo();
    }
  };

  const store = async (caller: Caller, capture: Capture, keepDays: number): Promise<void> => {
    const { orgId, projectId } = caller as { orgId: OrganizationId; projectId: ProjectId };
    const callId = capture.callId as ReservationId | undefined;
    // Without a spend row nothing was called.
    if (callId === undefined || capture.request === undefined) return;
    const { keptRequest, keptAnswer } = capture;
    const name = { orgId, callId };
    const isAnswerText = capture.answerBytes > 0 && isText(capture.contentType);
    const body = {
      callId,
      projectId,
      keepDays,
      sealedRequest: sealBody(
        sealing,
        { ...name, side: 'request' },
        isText(capture.requestType) ? keptRequest : Buffer.alloc(0),
      ),
      sealedAnswer: isAnswerText
        ? sealBody(sealing, { ...name, side: 'answer' }, keptAnswer)
        : null,
      requestBytes: BigInt(capture.request.length),
      answerBytes: BigInt(capture.answerBytes),
      isCut: capture.isCut,
    };
    await inTenant(db, [orgId], (tx) => insertBody(tx, orgId, body));
  };

  const wrap = (route: Route, around: Around): Route => {
    const { endpoint, binding } = route;
    if (binding.kind !== 'stream' || endpoint.permission !== 'model:call') return route;
    if (endpoint.method !== 'POST') return route;
    const handle = (input: StreamInput): Promise<void> => around(input, binding.handle);
    return { endpoint, binding: { ...binding, handle } };
  };

  /** I3. Within the guardrails. */
  const noting: Around = (input, handle) => {
    captures.get(input.reply)?.noteRequest(input.raw, input.request.headers['content-type']);
    return handle(input);
  };
  /** I1. No call fails because it is not known (I4). */
  const keepingAround: Around = (input, handle) => {
    const { projectId } = input.caller;
    const go = (days: number | undefined): Promise<void> =>
      days === undefined ? handle(input) : keep(input, days, handle);
    const days = projectId === null ? undefined : keeping.daysOf(projectId);
    return days instanceof Promise ? days.then(go) : go(days);
  };

  return {
    routes: bodyRoutes({ keys: sealing, forget: () => keeping.forget() }),
    jobs: [
      job({
        name: 'gateway.dropCallBodies',
        everyMs,
        runsOn: 'leader',
        converges: 'what was kept of calls for long enough is gone',
        ifItNeverRuns: 'it stays stored, sealed, and is told to nobody any more',
        run: async (signal) => {
          for (const orgId of await listKeepers(db)) {
            let dropped = DROPPED_AT_ONCE;
            while (dropped === DROPPED_AT_ONCE && !signal.aborted) {
              dropped = await inTenant(db, [orgId], (tx) => dropOver(tx, orgId, DROPPED_AT_ONCE));
            }
          }
        },
      }),
    ],
    around: (guard) => (route) => wrap(guard(wrap(route, noting)), keepingAround),
  };
}

type Around = (input: StreamInput, handle: (input: StreamInput) => Promise<void>) => Promise<void>;
