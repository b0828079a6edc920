import type { Metrics } from '@sagewai/telemetry';

export interface JobMeters {
  of(job: string): { ended(outcome: 'done' | 'failed', seconds: number): void };
}

export function createMeters(metrics: Metrics | undefined): JobMeters {
  if (!metrics) return { of: () => ({ ended: () => {} }) };
  const runs = metrics.counter({
    name: 'sagewai_job_runs_total',
    help: 'Runs of background jobs, by how they ended.',
    labels: ['job', 'outcome'],
  });
  const seconds = metrics.histogram({
    name: 'sagewai_job_seconds',
    help: 'How long a run of a background job took.',
    labels: ['job'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  });
  return {
    of: (job) => ({
      ended: (outcome, took) => {
        runs.add({ job, outcome });
        seconds.observe({ job }, took);
      },
    }),
  };
}
