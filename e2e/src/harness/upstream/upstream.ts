import { fileURLToPath } from 'node:url';

import { cleanEnvironment } from '../environment.ts';
import { type Running, startProcess } from '../process.ts';
import type { Stage } from '../stage.ts';
import { waitUntil } from '../wait-until.ts';
import {
  type Behaviour,
  type FromUpstream,
  GOOD,
  type Served,
  type ToUpstream,
} from './behaviour.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Upstream {
  /** Up to and with `/v1`. */
  readonly url: string;
  readonly process: Running;
  /** Everything that was served so far, in the order in which it ended. */
  readonly served: readonly Served[];
  /** How often it was asked for a model, answered or not. */
  asked(model: string): number;
  /** From now on, for this model; what is left out is good. */
  behave(model: string, behaviour: Partial<Behaviour>): Promise<void>;
  /** Resolves when it has been asked so often for a model. */
  reached(model: string, times: number): Promise<void>;
}

/** Starts the scripted provider in a process of its own. */
export async function startUpstream(stage: Stage): Promise<Upstream> {
  const running = startProcess(stage, {
    name: 'upstream',
    command: process.execPath,
    words: [MAIN],
    environment: cleanEnvironment({}),
  });
  const served: Served[] = [];
  const asked = new Map<string, number>();
  const heard = new Set<number>();
  const { promise: port, resolve } = Promise.withResolvers<number>();
  running.child.on('message', (message: FromUpstream) => {
    if (message.kind === 'listening') resolve(message.port);
    else if (message.kind === 'behaves') heard.add(message.nth);
    else if (message.kind === 'asked')
      asked.set(message.model, (asked.get(message.model) ?? 0) + 1);
    else served.push(message.served);
  });
  let sent = 0;
  const url = `http://127.0.0.1:${await port}/v1`;
  return {
    url,
    process: running,
    served,
    asked: (model) => asked.get(model) ?? 0,
    behave: async (model, behaviour) => {
      const nth = (sent += 1);
      const message: ToUpstream = {
        kind: 'behave',
        nth,
        model,
        behaviour: { ...GOOD, ...behaviour },
      };
      running.child.send(message);
      await waitUntil(() => heard.has(nth), { otherwise: 'the upstream does not listen' });
    },
    reached: async (model, times) => {
      await waitUntil(() => (asked.get(model) ?? 0) >= times, {
        otherwise: () => `the upstream was asked ${asked.get(model) ?? 0} times for ${model}`,
      });
    },
  };
}
