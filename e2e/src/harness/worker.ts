import { join } from 'node:path';

import type { Running } from './process.ts';
import { type Environment, startSagewai } from './sagewai.ts';
import type { Server } from './server.ts';
import type { Stage } from './stage.ts';

export interface WorkerOptions {
  readonly url: string;
  readonly name: string;
  readonly enrollmentKey?: string;
  readonly models: readonly string[];
  readonly environment?: Environment;
}

/** Starts a worker as users run it. */
export function startWorker(stage: Stage, options: WorkerOptions): Running {
  const { url, name, enrollmentKey, models, environment = {} } = options;
  return startSagewai(stage, ['worker'], {
    name,
    environment: {
      FLEET_GATEWAY_URL: url,
      ENROLLMENT_KEY: enrollmentKey,
      SAGEWAI_HOME: join(stage.folder, `${name}-home`),
      WORKER_NAME: name,
      WORKER_MODELS: models.join(','),
      POLL_TIMEOUT: '5s',
      // Nothing listens there: a local Ollama of the machine must not answer for the test.
      OLLAMA_HOST: 'http://127.0.0.1:9',
      ...environment,
    },
  });
}

/** A key that enrolls any number of workers into any pool, for any model. */
export async function makeEnrollmentKey(server: Server): Promise<string> {
  const body = { name: 'workers of the test' };
  const { key } = await server.askWell('/api/v1/fleet/enrollment-keys', { body });
  return key as string;
}
