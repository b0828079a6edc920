import type { Submission } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { retryPolicy } from './retry-flag.ts';
import { share } from './share.ts';

const STRATEGIES = ['direct', 'round_robin', 'least_loaded', 'threshold'];

interface PoolFlags extends ConnectionFlags {
  readonly strategy?: string;
  readonly capacityThreshold?: number;
  readonly retry?: Submission['retry'];
}

export function poolsCommand(around: Surroundings): Command {
  return group('pools', 'Pools, and which of their workers gets a run', {
    commands: [
      act(serverCommand('list', 'List the pools'), around, listPools),
      act<PoolFlags>(
        serverCommand(
          'set',
          'Set what a pool does with runs that do not say; what is not named is cleared',
        )
          .argument('<pool>', 'its name', id)
          .option('--strategy <strategy>', `of runs that name none: ${STRATEGIES.join(', ')}`)
          .option('--capacity-threshold <share>', '0 to 1: threshold passes by above it', share)
          .option('--retry <policy>', 'of runs that bring none, as JSON', retryPolicy),
        around,
        setPool,
      ),
    ],
    examples: ['sagewai fleet pools set gpu --strategy threshold --capacity-threshold 0.8'],
  });
}

async function listPools(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listPools', {});
  const rows = answer.pools.map((pool) => [
    pool.pool,
    pool.strategy ?? 'DIRECT',
    pool.capacity_threshold,
    pool.workers,
    `${pool.active}/${pool.slots}`,
  ]);
  context.show(answer, printColumns(['pool', 'strategy', 'threshold', 'workers', 'load'], rows));
}

async function setPool(
  context: Context,
  { strategy, capacityThreshold, retry }: PoolFlags,
  [pool = '']: readonly string[],
): Promise<void> {
  const body = {
    strategy: strategy ?? null,
    capacity_threshold: capacityThreshold ?? null,
    retry: retry ?? null,
  };
  const answer = await context.client.call('fleet.setPool', { params: { pool }, body });
  context.show(answer, `${pool}: ${answer.strategy ?? 'DIRECT'}`);
}
