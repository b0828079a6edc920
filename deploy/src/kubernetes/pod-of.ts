import type { KubernetesObject } from './kubernetes-object.ts';

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources?: {
    readonly requests?: Readonly<Record<string, unknown>>;
    readonly limits?: Readonly<Record<string, unknown>>;
  };
  readonly livenessProbe?: unknown;
  readonly readinessProbe?: unknown;
  readonly securityContext?: Readonly<Record<string, unknown>>;
}

export interface Pod {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: {
    readonly automountServiceAccountToken?: boolean;
    readonly hostNetwork?: boolean;
    readonly hostPID?: boolean;
    readonly securityContext?: {
      readonly runAsNonRoot?: boolean;
      readonly seccompProfile?: { readonly type: string };
    };
    readonly containers: readonly Container[];
    readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  };
}

interface Templated {
  readonly template?: {
    readonly metadata?: { readonly labels?: Record<string, string> };
    readonly spec: Pod['spec'];
  };
  readonly jobTemplate?: { readonly spec: Templated };
}

/** The pod that a workload makes; null: it makes none. */
export function podOf({ spec }: KubernetesObject): Pod | null {
  const holder = (spec as Templated | undefined)?.jobTemplate?.spec ?? (spec as Templated);
  const template = holder?.template;
  return template === undefined
    ? null
    : { labels: template.metadata?.labels ?? {}, spec: template.spec };
}
