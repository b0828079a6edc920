import type { ReactElement, ReactNode } from 'react';

import { shortDuration, shortUsd } from '../format/numbers.ts';
import { exactTime } from '../format/times.ts';
import { SealedText } from '../seal/sealed-text.tsx';
import type { Opening } from '../seal/use-opened-run.ts';
import { Button } from '../ui/button.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import type { Bar } from './lay-out-timeline.ts';

/** Everything that is known of one bar of the waterfall. */
export function BarFacts(of: {
  readonly bar: Bar;
  readonly opening: Opening;
  readonly onClose: () => void;
}): ReactElement {
  const { bar, opening, onClose } = of;
  const took = ['Took', shortDuration(bar.endMs - bar.startMs)] as const;
  return (
    <Panel
      title={bar.name}
      actions={
        <Button look="quiet" onClick={onClose}>
          Close
        </Button>
      }
    >
      <Facts of={[...factsOf(bar, opening), took]} />
    </Panel>
  );
}

function factsOf({ node }: Bar, opening: Opening): readonly (readonly [string, ReactNode])[] {
  if (!('node' in node)) {
    return [
      ['Worker', node.worker_name ?? 'none'],
      ['Lease', `epoch ${node.epoch}`],
      ['Began', exactTime(node.started_at)],
      ...(node.error === null
        ? []
        : [
            [
              'Error',
              <span key="error">
                {node.error_class} <SealedText text={node.error} opening={opening} />
              </span>,
            ] as const,
          ]),
    ];
  }
  if (node.node === 'step') {
    return [
      ['Kind', `${node.kind}, ${node.state}`],
      ['Tries', String(node.tries)],
      ['Began', exactTime(node.started_at)],
      ...(node.error === null ? [] : [['Error', node.error] as const]),
    ];
  }
  if (node.node === 'tool') {
    return [
      ['Tool', `${node.tool}, ${node.mode}`],
      ['State', node.error === null ? node.state : `${node.state}: ${node.error}`],
      ...(node.decided_by === null ? [] : [['Decided by', node.decided_by] as const]),
      ['Began', exactTime(node.started_at)],
      ['Call', <JsonView key="call" value={node.key} label="The id of the call" />],
    ];
  }
  return [
    ['Model', node.model],
    ['Deployment', node.deployment],
    ['Status', node.status],
    [
      'Tokens',
      `${node.input_tokens.toLocaleString('en-US')} in, ${node.output_tokens.toLocaleString('en-US')} out`,
    ],
    [
      'Cost',
      <span key="cost" title={`$${node.cost_usd}`}>
        {shortUsd(node.cost_usd)}
      </span>,
    ],
    ['Usage', `told by: ${node.usage_source}`],
    ['Began', exactTime(node.started_at)],
    ['Call', <JsonView key="call" value={node.key} label="The id of the call" />],
  ];
}
