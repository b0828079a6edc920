import type { getGuardrail, OutputOf } from '@sagewai/wire';

import type { Guardrail } from './guardrail.ts';
import { findingOf, type StoredGuardrail } from './stored-guardrail.ts';

type Wire = OutputOf<typeof getGuardrail>;

/** One of the models file. */
export const fileToWire = (of: Guardrail): Wire => ({
  id: null,
  name: of.name,
  kind: of.kind,
  action: of.action,
  before: of.before,
  after: of.after,
  default_on: of.isDefault,
  project_id: null,
  projects: [...of.projects],
  uninspectable: of.uninspectable,
  looks_for: [...of.looksFor],
  patterns: null,
  url: null,
  has_secret: of.hook !== null && of.hook.secret !== null,
  created_at: null,
  updated_at: null,
});

export function storedToWire(of: StoredGuardrail): Wire {
  const { spec, projectId } = of;
  return {
    id: of.id,
    name: of.name,
    kind: of.kind,
    action: spec.action,
    before: spec.before,
    after: spec.after,
    default_on: spec.defaultOn,
    project_id: projectId,
    projects: spec.defaultOn && projectId !== null ? [projectId] : [],
    uninspectable: spec.uninspectable,
    looks_for: [...findingOf(of).looksFor],
    patterns: spec.patterns?.map((each) => ({ ...each })) ?? null,
    url: spec.url,
    has_secret: of.sealedSecret !== null,
    created_at: of.createdAt.toISOString(),
    updated_at: of.updatedAt?.toISOString() ?? null,
  };
}
