import { aboutOf } from '../asked/describe-workflow.ts';
import type { WorkflowRow } from '../workflow.ts';

type Carded = Pick<WorkflowRow, 'name' | 'version' | 'inputSchema'>;

/** Of one workflow. */
export function cardOf(row: Carded, url: string): object {
  return {
    name: row.name,
    description: descriptionOf(row),
    version: row.version || '0',
    ...shared(`${url}/a2a/${encodeURIComponent(row.name)}`),
    skills: [toSkill(row)],
  };
}

/** Of the server: a message names its workflow in `metadata.skill`. */
export function serverCardOf(rows: readonly Carded[], url: string): object {
  return {
    name: 'Sagewai',
    description:
      'Runs the workflows of a project. A message says in metadata.skill which one it is for.',
    version: '0.1.0',
    ...shared(`${url}/a2a`),
    skills: rows.map(toSkill),
  };
}

const shared = (url: string): object => ({
  supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
  capabilities: { streaming: true, pushNotifications: false, extendedAgentCard: false },
  securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: 'Bearer' } } },
  securityRequirements: [{ schemes: { bearer: { list: [] } } }],
  defaultInputModes: MODES,
  defaultOutputModes: MODES,
});

const MODES = ['text/plain', 'application/json'];

const toSkill = (row: Carded): object => ({
  id: row.name,
  name: row.name,
  description: descriptionOf(row),
  tags: ['workflow'],
});

const descriptionOf = (row: Carded): string => aboutOf(row) || `The workflow ${row.name}.`;
