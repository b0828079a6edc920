import type { CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

type Engine = CallOutput<'engines.listEngines'>['engines'][number];

const KINDS = ['llm', 'embedding'] as const;

interface StartFlags extends ConnectionFlags {
  readonly backend?: string;
  readonly label?: string;
  readonly kind: (typeof KINDS)[number];
  readonly gpu?: boolean;
  readonly memoryGb?: number;
  readonly fineTune?: string;
  readonly of?: string;
}

interface RegisterFlags extends ConnectionFlags {
  readonly host: string;
  readonly port: number;
  readonly kind: (typeof KINDS)[number];
}

export function enginesCommand(around: Surroundings): Command {
  const kind = (): Option =>
    new Option('--kind <kind>', 'what it answers').choices(KINDS).default('llm');
  return group('engines', 'Servers of models on your own machines', {
    commands: [
      act(serverCommand('list', 'List them'), around, async (context) => {
        const answer = await context.client.call('engines.listEngines', {});
        context.show(answer, tableOf(answer.engines));
      }),
      act<StartFlags>(
        serverCommand('start', 'Start one on the machine of the server')
          .argument('<model>', 'its model', id)
          .option('--backend <name>', 'of ENGINE_COMMANDS (default: the first)')
          .option('--label <id>', 'its id', id)
          .addOption(kind())
          .option('--gpu', 'only where there is a GPU')
          .option('--memory-gb <n>', 'GPU memory that it needs', integer)
          .option('--fine-tune <run>', 'what this run has made', id)
          .option('--of <organization>', 'whose run it is', id),
        around,
        start,
      ),
      act<RegisterFlags>(
        serverCommand('register', 'Register one that runs already')
          .argument('<id>', 'its id', id)
          .argument('<model>', 'its model', id)
          .option('--host <host>', 'where it is', '127.0.0.1')
          .addOption(new Option('--port <n>', 'its port').argParser(integer).makeOptionMandatory())
          .addOption(kind()),
        around,
        register,
      ),
      act<ConnectionFlags & { drain?: boolean }>(
        serverCommand('stop', 'Stop one')
          .argument('<id>', 'its id', id)
          .option('--drain', 'when what it is asked has had time to end'),
        around,
        async (context, { drain = false }, [engine = '']) => {
          const of = { params: { engine_id: engine }, query: { drain } };
          const answer = await context.client.call('engines.stopEngine', of);
          context.show(answer, `${answer.engine_id} is ${answer.status}`);
        },
      ),
      act(serverCommand('prune', 'Forget those that are over'), around, async (context) => {
        const answer = await context.client.call('engines.pruneEngines', {});
        context.show(answer, `${answer.pruned_count} forgotten`);
      }),
      act(serverCommand('status', 'Say how they do'), around, async (context) => {
        const answer = await context.client.call('engines.readStatus', {});
        const { available_instances: ready, registered_instances: all } = answer.control_plane;
        context.show(answer, `${ready} of ${all} are ready\n${tableOf(answer.engines)}`);
      }),
      act(serverCommand('gpu', 'Say which GPUs the server has'), around, async (context) => {
        const answer = await context.client.call('engines.readGpus', {});
        const rows = answer.gpus.map((one) => [
          one.index,
          one.name,
          `${one.memory_used_mb} of ${one.memory_total_mb} MB`,
          `${one.utilization_percent} %`,
        ]);
        const none = 'there are none that nvidia-smi tells of';
        context.show(
          answer,
          rows.length === 0 ? none : printColumns(['gpu', 'name', 'memory', 'busy'], rows),
        );
      }),
    ],
    examples: [
      'sagewai engines start qwen2.5-7b --backend vllm --gpu --memory-gb 18',
      'sagewai engines register house-ollama llama3.2 --port 11434',
      'sagewai engines stop house-ollama --drain',
    ],
  });
}

async function start(
  context: Context,
  { backend, label, kind, gpu, memoryGb, fineTune, of }: StartFlags,
  [model = '']: readonly string[],
): Promise<void> {
  if ((fineTune === undefined) !== (of === undefined)) {
    throw new UsageError('--fine-tune and --of are said together');
  }
  const body = {
    model_id: model,
    engine_kind: kind,
    ...(backend === undefined ? {} : { backend }),
    ...(label === undefined ? {} : { engine_label: label }),
    ...(gpu === undefined ? {} : { use_gpu: gpu }),
    ...(memoryGb === undefined ? {} : { required_memory_gb: memoryGb }),
    ...(fineTune === undefined || of === undefined
      ? {}
      : { fine_tune: { organization: of, run_id: fineTune } }),
  };
  const answer = await context.client.call('engines.startEngine', { body });
  context.show(answer, `${answer.id} is ${answer.status}`);
}

async function register(
  context: Context,
  { host, port, kind }: RegisterFlags,
  [engine = '', model = '']: readonly string[],
): Promise<void> {
  const body = { engine_id: engine, model_id: model, host, port, engine_kind: kind };
  const answer = await context.client.call('engines.registerEngine', { body });
  context.show(answer, `${answer.engine_id} is ${answer.state}`);
}

function tableOf(engines: readonly Engine[]): string {
  if (engines.length === 0) return 'there are none: sagewai engines start';
  const rows = engines.map((one) => [
    one.engine_id,
    one.model_id,
    `${one.host}:${one.port}`,
    one.state,
    one.restarts,
    one.problem,
  ]);
  return printColumns(['id', 'model', 'at', 'state', 'restarts', 'problem'], rows);
}
