import { type Alert, ALERTS } from './alert-lists.ts';
import { type Burn, BURNS, OBJECTIVES, type Objective, WINDOWS } from './objectives.ts';

/** Where the runbooks are in this repository, for whoever is called at night; put your forge's address before it. */
const RUNBOOKS = 'docs/deploy/runbooks';

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

/** `ServerDown` is `server-down`: the name of its page. */
export const runbookOf = (alert: string): string =>
  alert.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

const ruleOf = ({ name, expr, wait, severity, summary, description }: Alert): Rule => ({
  alert: name,
  expr,
  ...(wait === '0m' ? {} : { for: wait }),
  labels: { severity },
  annotations: { summary, description, runbook_url: `${RUNBOOKS}/${runbookOf(name)}.md` },
});

const recordOf = (window: string): string => `sagewai:slo_bad:ratio_rate${window}`;

function burnOf({ name, title, target }: Objective, burn: Burn): Rule {
  const selector = `{slo="${name}"}`;
  const allowed = Number(((1 - target) * burn.rate).toFixed(6));
  const alert: Alert = {
    name: 'ErrorBudgetBurns',
    expr: `${recordOf(burn.long)}${selector} > ${allowed} and ${recordOf(burn.short)}${selector} > ${allowed}`,
    wait: burn.wait,
    severity: burn.severity,
    summary: `${title}: not often enough.`,
    description: `{{ $value | humanizePercentage }} were bad within ${burn.long}; ${((1 - target) * 100).toFixed(2)} % may be, in thirty days.`,
  };
  const rule = ruleOf(alert);
  return { ...rule, labels: { ...rule.labels, slo: name, window: burn.long } };
}

/** Every group of `alerts.yml`. */
export function ruleGroups(): RuleGroup[] {
  const objectives = OBJECTIVES.flatMap((objective) =>
    WINDOWS.map((window) => ({
      record: recordOf(window),
      expr: objective.bad(window),
      labels: { slo: objective.name },
    })),
  );
  return [
    ...Object.entries(ALERTS).map(([name, list]) => ({ name, rules: list.map(ruleOf) })),
    { name: 'sagewai-objectives', interval: '1m', rules: objectives },
    {
      name: 'sagewai-burn-rates',
      rules: OBJECTIVES.flatMap((objective) => BURNS.map((burn) => burnOf(objective, burn))),
    },
  ];
}
