/** JSON-RPC 2.0 as the Agent2Agent protocol has it. */
export type RpcId = string | number | null;

export interface RpcRequest {
  readonly id: RpcId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export const RPC = {
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  taskNotFound: -32001,
  taskNotCancelable: -32002,
  noPushNotifications: -32003,
  unsupported: -32004,
  contentType: -32005,
  version: -32009,
} as const;

export const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

/** What a caller is told as an error of its request. */
export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Null: it is no request. */
export function readRpc(body: unknown): RpcRequest | null {
  const { jsonrpc, id = null, method, params } = record(body);
  const isNamed = typeof id === 'string' || typeof id === 'number';
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !isNamed) return null;
  return { id, method, params: record(params) };
}

export const success = (id: RpcId, result: object): object => ({ jsonrpc: '2.0', id, result });

export const failure = (id: RpcId, { code, message }: RpcError): object => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
});
