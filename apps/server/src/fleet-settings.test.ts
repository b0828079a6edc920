import { readConfig } from '@sagewai/config';
import { FLEET_DEFAULTS } from '@sagewai/fleet';
import { gatewayFields } from '@sagewai/gateway';
import { expect, test } from 'vitest';

import { SERVER_FIELDS } from './config.ts';
import { fleetFields } from './fleet-fields.ts';
import { fleetSettings } from './fleet-settings.ts';
import { objectFields } from './object-fields.ts';

const settingsOf = (environment: Record<string, string>) =>
  fleetSettings(
    readConfig(SERVER_FIELDS, {
      environment: { DATABASE_URL: 'postgresql://db/x', ...environment },
    }),
  );

test('what nobody says is as the fleet has it', () => {
  // Open registration is so on loopback, where a server listens unless told otherwise.
  expect({ ...FLEET_DEFAULTS, ...settingsOf({}) }).toEqual({
    ...FLEET_DEFAULTS,
    openRegistration: true,
  });
});

test('what an operator says arrives: times, numbers, and what is put together', () => {
  const said = {
    QUEUED_MAX: '7',
    PRIORITY_AGING: '3s',
    WORKER_TRUST: '250ms',
    EVENT_RETENTION_DAYS: '5',
    MASS_SILENCE_PERCENT: '25',
    RUN_EVENTS_BURST: '9',
    UNPRICED_OWN_MODELS: 'refuse',
  };
  expect(settingsOf(said)).toMatchObject({
    queuedMax: 7,
    agingMs: 3_000,
    workerTrustMs: 250,
    eventDaysKept: 5,
    massSilenceShare: 0.25,
    eventLimits: { ...FLEET_DEFAULTS.eventLimits, atOnce: 9 },
    unpricedOwnModels: 'refuse',
  });
});

test('a revocation is never trusted to be unknown for longer than a second', () => {
  expect(() => settingsOf({ WORKER_TRUST: '2s' })).toThrow(/WORKER_TRUST/);
});

test('no variable is two settings', () => {
  const groups = [gatewayFields, objectFields, fleetFields];
  const names = groups.flatMap((fields) => Object.keys(fields));
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  const settings = Object.values(fleetFields).flatMap((each) =>
    'setting' in each ? each.setting : [],
  );
  expect(new Set(settings).size).toBe(settings.length);
});
