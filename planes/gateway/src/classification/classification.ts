/**
 * How far the data of a call may go. A call says it of itself, or its key does for all of its calls; a
 * deployment says how much it may be given, and is passed over for more. What nobody says anything of goes
 * to every deployment that the caller may call.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';

import { withDeployments } from '../formats/bridge.ts';
import type { ModelGroup } from '../models/model-table.ts';

/** The lower first. */
export const CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'] as const;
export type Classification = (typeof CLASSIFICATIONS)[number];

const HEADER = 'x-data-classification';

export const isClassification = (value: unknown): value is Classification =>
  CLASSIFICATIONS.some((each) => each === value);

export const isAbove = (one: Classification, other: Classification): boolean =>
  CLASSIFICATIONS.indexOf(one) > CLASSIFICATIONS.indexOf(other);

/** Of the metadata of a key and its team: the higher; what cannot be read there is the highest. */
export function readKeyClassification(own: unknown, ofTeam?: unknown): Classification | undefined {
  return higher(readOne(own), readOne(ofTeam));
}

function readOne(value: unknown): Classification | undefined {
  if (value === undefined || value === null) return undefined;
  return isClassification(value) ? value : 'restricted';
}

function higher(
  one: Classification | undefined,
  other: Classification | undefined,
): Classification | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isAbove(one, other) ? one : other;
}

/** The higher of what the request says and what its key says. */
export function classify(
  headers: IncomingHttpHeaders,
  ofKey: Classification | undefined,
): Classification | undefined {
  const said = headers[HEADER];
  if (said === undefined) return ofKey;
  const read = String(said).trim().toLowerCase();
  if (!isClassification(read)) throw isUnknown();
  return higher(ofKey, read);
}

/** Without the deployments that may not be given such data; the same group where that is none of them. */
export function withinReach(
  group: ModelGroup,
  classification: Classification | undefined,
): ModelGroup {
  if (classification === undefined) return group;
  const left = withDeployments(
    group,
    ({ classificationMax: most }) => most === undefined || !isAbove(classification, most),
  );
  if (left.deployments.length === 0) throw isOutOfReach(group, classification);
  return left;
}

function isUnknown(): Fault {
  const message = `must be one of ${CLASSIFICATIONS.join(', ')}`;
  return new Fault('request.invalid', 'a classification that is none', {
    detail: `X-Data-Classification ${message}.`,
    mistakes: [{ part: 'headers', path: `/${HEADER}`, message }],
  });
}

function isOutOfReach({ model }: ModelGroup, classification: Classification): Fault {
  return new Fault('model.forbidden', `no deployment of ${model} for ${classification} data`, {
    detail: `No deployment of \`${model}\` may be given ${classification} data: max_data_classification of its model_info says how much it may.`,
  });
}
