import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import { systemClock } from '@sagewai/clock';
import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import type { OrganizationId, ReservationId } from '@sagewai/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { CHAT } from '../formats/chat.ts';
import { deploymentAt, FAST_ROUTING } from '../gateway-fixture.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import { createCatalogue } from '../models/catalogue.ts';
import type { Upstream, UpstreamListener } from '../providers/upstream.ts';
import { NO_FALLBACKS } from '../routing/fallbacks.ts';
import { createRouteMeters } from '../routing/route-meters.ts';
import { createAffinity } from '../sealed-reasoning/affinity.ts';
import { createSwitchboard } from '../switchboard.ts';
import type { AdmittedCall } from './admitted-call.ts';
import { createDecide } from './decide-call.ts';
import { routeCall, settleLeft } from './route-call.ts';
import type { Outcome } from './settle-call.ts';

/** What an attempt comes to, by what a provider does. */
const DEEDS = {
  ok: (listener) => {
    listener.onHead(200, { 'content-type': 'application/json' });
    listener.onEnd();
  },
  /** Begun, and not ended. */
  cut: (listener) => {
    listener.onHead(200, { 'content-type': 'application/json' });
    listener.onFailure({ kind: 'lost', cause: undefined });
  },
  garbage: (listener) => listener.onHead(200, { 'content-type': 'text/html' }),
  '400': (listener) => listener.onHead(400, {}),
  '401': (listener) => listener.onHead(401, {}),
  '429': (listener) => listener.onHead(429, {}),
  '503': (listener) => listener.onHead(503, {}),
  unreachable: (listener) => listener.onFailure({ kind: 'unreachable', cause: undefined }),
  lost: (listener) => listener.onFailure({ kind: 'lost', cause: undefined }),
  late: (listener) => listener.onFailure({ kind: 'late', cause: undefined }),
} as const satisfies Record<string, (listener: UpstreamListener) => void>;

type Deed = keyof typeof DEEDS;

/** After these the provider may charge. */
const MAY_CHARGE: readonly Deed[] = ['ok', 'cut', 'garbage', 'lost', 'late'];
const NEVER_AGAIN: readonly Deed[] = ['cut', 'garbage', 'lost', 'late', '401'];

interface Sent {
  readonly deployment: string;
  readonly deed: Deed;
  /** The reservation that was open when it was sent. */
  readonly reservation: string;
}

const BODY = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

function inputOf(): StreamInput {
  const detail: CallerDetail = {
    keyId: null,
    runId: null,
    models: new Set(),
    mayCap: true,
    policy: null,
  };
  return {
    body: BODY,
    raw: Buffer.from(JSON.stringify(BODY)),
    reply: new ServerResponse(new IncomingMessage(new Socket())),
    request: { id: 'r', headers: {} },
    caller: { detail },
  } as unknown as StreamInput;
}

async function play(deeds: readonly Deed[], reservationsMax: number, retries: number) {
  const sent: Sent[] = [];
  const reserved: AdmittedCall[] = [];
  const settled = new Map<string, Outcome>();
  const upstreamOf = (id: string): Upstream => ({
    send: (_, listener) => {
      const deed = deeds[sent.length] ?? 'ok';
      sent.push({ deployment: id, deed, reservation: reserved.at(-1)?.reservationId ?? '' });
      queueMicrotask(() => DEEDS[deed](listener));
      return { pause: () => {}, resume: () => {}, abort: () => {} };
    },
  });
  const deployments = [
    deploymentAt('http://a', { id: 'a' }),
    deploymentAt('http://b', { id: 'b' }),
    deploymentAt('http://c', { id: 'c', model: 'other' }),
  ];
  const routing = { ...FAST_ROUTING, retry: { ...FAST_ROUTING.retry, retries, backoffMs: 0 } };
  const switchboard = createSwitchboard({
    upstreamOf: ({ id }) => upstreamOf(id),
    routing: () => routing,
    cooled: () => {},
    clock: systemClock,
    log: silentLog,
  });
  const open = await routeCall(inputOf(), CHAT, {
    decide: createDecide({
      catalogue: createCatalogue({
        deployments,
        aliases: new Map(),
        sources: [],
        list: async () => [],
        clock: systemClock,
        log: silentLog,
      }),
      unknownPrice: 'refuse',
      noteUnpriced: () => {},
      chooseModel: () => null,
      affinity: createAffinity(1_000),
    }),
    reserve: async (decided, trail) => {
      if (reserved.length >= reservationsMax) throw new Fault('budget.exceeded', 'no money');
      const ids = { reservationId: newId<ReservationId>(), orgId: newId<OrganizationId>() };
      const call = { ...decided, ...ids, granted: decided.bounds.outputMax, trail };
      reserved.push(call);
      return call;
    },
    settle: async ({ reservationId }, outcome) => {
      expect(settled.has(reservationId)).toBe(false);
      settled.set(reservationId, outcome);
      return { cost: null };
    },
    switchboard,
    routeMeters: createRouteMeters(undefined, () => 0),
    fallbacks: () => ({ ...NO_FALLBACKS, byDefault: ['other'] }),
    traceOf: () => null,
    keptBytesMax: 1_000,
  });
  if (open === undefined) throw new Error('nobody left');
  return { open, sent, reserved, settled };
}

test('whatever providers do: each reservation is settled once, and at most one attempt that may be charged is under it (R1–R4, M1, M3)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...(Object.keys(DEEDS) as Deed[])), { maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(3),
      async (deeds, reservationsMax, retries) => {
        const { open, sent, reserved, settled } = await play(deeds, reservationsMax, retries);
        const last = sent.at(-1);
        // The last attempt is the answer, and is still to be settled; all before it are.
        expect(last?.deployment).toBe(open.deployment.id);
        expect(last?.reservation).toBe(open.call.reservationId);
        expect([...settled.keys()]).toEqual(
          reserved.map(({ reservationId }) => reservationId).slice(0, -1),
        );
        await settleLeft(open, async ({ reservationId }, outcome) => {
          settled.set(reservationId, outcome);
          return { cost: null };
        });
        for (const { reservationId } of reserved) {
          const under = sent.filter(({ reservation }) => reservation === reservationId);
          const charged = under.filter(({ deed }) => MAY_CHARGE.includes(deed));
          expect(charged.length).toBeLessThanOrEqual(1);
          const outcome = settled.get(reservationId);
          expect(outcome?.source).toBe(charged.length === 1 ? 'estimate' : 'provider');
          if (charged[0]) expect(outcome?.deployment.id).toBe(charged[0].deployment);
        }
        for (const [index, { deployment, deed }] of sent.entries()) {
          const later = sent.slice(index + 1);
          if (deed === 'ok' || deed === '400') expect(later).toEqual([]);
          if (NEVER_AGAIN.includes(deed)) {
            expect(later.some((each) => each.deployment === deployment)).toBe(false);
          }
        }
        for (const group of [['a', 'b'], ['c']]) {
          const attempts = sent.filter(({ deployment }) => group.includes(deployment));
          expect(attempts.length).toBeLessThanOrEqual(retries + 1);
        }
        if (
          deeds.slice(0, sent.length).every((deed) => deed !== 'ok') &&
          sent.length <= deeds.length
        ) {
          expect(open.verdict.kind).not.toBe('answered');
        }
      },
    ),
    { numRuns: 500 },
  );
});
