import { type Job, job } from '@sagewai/jobs';

import type { Catalogue } from './models/catalogue.ts';

export function gatewayJobs(catalogue: Pick<Catalogue, 'refresh'>, everyMs: number): Job[] {
  return [
    job({
      name: 'gateway.refreshModels',
      everyMs,
      runsOn: 'every-replica',
      converges: 'the models that can be called are those that the providers list',
      ifItNeverRuns: 'a model that a provider gets later is unknown until the next start',
      run: () => catalogue.refresh(),
    }),
  ];
}
