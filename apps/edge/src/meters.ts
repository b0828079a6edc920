import type { ServerResponse } from 'node:http';

import type { Metrics } from '@sagewai/telemetry';

import { type Mount, placeOf } from './mount.ts';

/** What the edge counts of itself. */
export interface EdgeMeters {
  answered(mount: Mount<unknown>, response: ServerResponse, seconds: number): void;
  limited(): void;
  inFlight(read: () => number): void;
  ready(mount: Mount<unknown>, isReady: boolean): void;
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

export function createEdgeMeters(metrics: Metrics): EdgeMeters {
  const requests = metrics.counter({
    name: 'sagewai_edge_requests_total',
    help: 'Requests that were passed on, by where the gateway is mounted and the class of the status.',
    labels: ['mount', 'status'],
  });
  const seconds = metrics.histogram({
    name: 'sagewai_edge_request_seconds',
    help: 'From the head of a request to the end of its answer.',
    labels: ['mount'],
    buckets: SECONDS,
  });
  const limited = metrics.counter({
    name: 'sagewai_edge_limited_total',
    help: 'Requests that were refused because their client sent too many.',
  });
  const ready = metrics.gauge({
    name: 'sagewai_edge_upstream_ready',
    help: 'Whether the gateway at a mount is ready: 1 or 0.',
    labels: ['mount'],
  });
  return {
    answered: (mount, response, elapsed) => {
      const place = { mount: placeOf(mount) };
      const whole = response.writableFinished
        ? `${Math.floor(response.statusCode / 100)}xx`
        : 'cut';
      requests.add({ ...place, status: whole });
      seconds.observe(place, elapsed);
    },
    limited: () => limited.add({}),
    inFlight: (read) => {
      metrics.gauge({
        name: 'sagewai_edge_in_flight',
        help: 'Requests under way.',
        collect: (gauge) => gauge.set({}, read()),
      });
    },
    ready: (mount, isReady) => ready.set({ mount: placeOf(mount) }, isReady ? 1 : 0),
  };
}
