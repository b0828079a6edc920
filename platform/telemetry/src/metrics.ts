/** What a process tells about itself in numbers. Labels are few and bounded: never ids of runs or callers. */
export interface Metrics {
  counter<Label extends string = never>(options: CounterOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label>;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
  /** What was declared so far, Node's own left out: for the documentation. */
  declared(): readonly DeclaredMetric[];
  /** The Prometheus text format, for `/metrics`. */
  render(): Promise<string>;
  readonly contentType: string;
}

export interface MetricOptions<Label extends string> {
  /** `sagewai_…`, with the unit at its end: `sagewai_run_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface CounterOptions<Label extends string> extends MetricOptions<Label> {
  /** Asked before each rendering, to add what was counted elsewhere since. */
  readonly collect?: (counter: Counter<Label>) => void;
}

export interface DeclaredMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export interface GaugeOptions<Label extends string> extends MetricOptions<Label> {
  /** Asked before each rendering, for what is cheaper to look up than to keep. */
  readonly collect?: (gauge: Gauge<Label>) => void | Promise<void>;
}

export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Upper bounds, ascending, in the unit of the name. */
  readonly buckets: readonly number[];
}

/** Every label has a value each time. */
export type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** Labels come first, `{}` when there are none: `add({ pool }, 3)`. */
export interface Counter<Label extends string = never> {
  add(labels: Labels<Label>, count?: number): void;
  /** One series, looked up once: for hot paths. */
  with(labels: Labels<Label>): { add(count?: number): void };
}

export interface Gauge<Label extends string = never> {
  set(labels: Labels<Label>, value: number): void;
  add(labels: Labels<Label>, difference: number): void;
  with(labels: Labels<Label>): { set(value: number): void; add(difference: number): void };
  /** Forgets one series: of a worker that is gone. */
  remove(labels: Labels<Label>): void;
  /** Forgets all of them, before they are set anew. */
  reset(): void;
}

export interface Histogram<Label extends string = never> {
  observe(labels: Labels<Label>, value: number): void;
  with(labels: Labels<Label>): { observe(value: number): void };
}
