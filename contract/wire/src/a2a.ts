/** The Agent2Agent protocol, 1.0: workflows as agents that other agents find and ask. One JSON-RPC message a request. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { workflowName } from './workflows.ts';

const ofAgent = Type.Object({ workflow: workflowName });
const body = Type.Record(Type.String(), Type.Unknown());

export const readServerCard = endpoint({
  id: 'a2a.readServerCard',
  method: 'GET',
  path: '/.well-known/agent-card.json',
  surface: 'own',
  summary: 'Read the agent card of this server: each workflow that the caller sees is a skill',
  permission: 'run:read',
  audit: 'read',
  output: Type.Unknown(),
});

export const readAgentCard = endpoint({
  id: 'a2a.readAgentCard',
  method: 'GET',
  path: '/a2a/{workflow}/.well-known/agent-card.json',
  surface: 'own',
  summary: 'Read the agent card of one workflow',
  permission: 'run:read',
  audit: 'read',
  params: ofAgent,
  output: Type.Unknown(),
});

export const exchangeA2a = endpoint({
  id: 'a2a.exchange',
  method: 'POST',
  path: '/a2a',
  surface: 'own',
  summary: 'Ask the workflow that a message names in metadata.skill, by the Agent2Agent protocol',
  // To send takes run:submit as well, and to cancel run:cancel.
  permission: 'run:read',
  audit: 'batch',
  body,
  bodyBytesMax: 1_048_576,
  output: Type.Unknown(),
});

export const exchangeA2aAgent = endpoint({
  id: 'a2a.exchangeAgent',
  method: 'POST',
  path: '/a2a/{workflow}',
  surface: 'own',
  summary: 'Ask one workflow by the Agent2Agent protocol',
  permission: 'run:read',
  audit: 'batch',
  params: ofAgent,
  body,
  bodyBytesMax: 1_048_576,
  output: Type.Unknown(),
});

export const A2A_ENDPOINTS = [
  readServerCard,
  readAgentCard,
  exchangeA2a,
  exchangeA2aAgent,
] as const;
