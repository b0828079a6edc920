/** What a run gives its place up for. */
export interface WorkflowWait {
  readonly for: 'approval' | 'signal' | 'children';
  readonly name: string;
  readonly prompt?: string;
  readonly timeoutSeconds?: number;
}

/** How an attempt ends. */
export type WorkflowEnd =
  | { readonly kind: 'completed'; readonly output: unknown }
  /** `retry`: another attempt goes on where this one failed. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly retry: boolean }
  | { readonly kind: 'waits'; readonly wait: WorkflowWait };
