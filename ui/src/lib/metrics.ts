// Prometheus text, and what the charts of the overview are made of.

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

export type Metrics = Map<string, Sample[]>;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): Metrics {
  const metrics: Metrics = new Map();
  for (const line of text.split('\n')) {
    const found = LINE.exec(line);
    if (!found || line.startsWith('#')) continue;
    const [, name, labelText, valueText] = found;
    const value = valueText === '+Inf' ? Infinity : Number(valueText);
    if (Number.isNaN(value)) continue;
    const labels: Record<string, string> = {};
    for (const [, label, content] of (labelText ?? '').matchAll(LABEL)) labels[label!] = content!.replace(/\\(.)/g, '$1');
    const samples = metrics.get(name!);
    if (samples) samples.push({ labels, value });
    else metrics.set(name!, [{ labels, value }]);
  }
  return metrics;
}

type Test = (labels: Record<string, string>) => boolean;
const ALL: Test = () => true;

export const sum = (metrics: Metrics, name: string, test: Test = ALL): number =>
  (metrics.get(name) ?? []).reduce((total, sample) => (test(sample.labels) ? total + sample.value : total), 0);

/** Growth per second of a counter between two looks; a counter that fell has begun anew. */
export function rate(before: Metrics, after: Metrics, seconds: number, name: string, test: Test = ALL): number {
  const growth = sum(after, name, test) - sum(before, name, test);
  return growth < 0 || seconds <= 0 ? 0 : growth / seconds;
}

/** The quantile, in seconds, of what a histogram saw between two looks; undefined where it saw nothing. */
export function quantile(before: Metrics, after: Metrics, name: string, share: number, test: Test = ALL): number | undefined {
  const growth = new Map<number, number>();
  for (const [metrics, sign] of [[after, 1], [before, -1]] as const) {
    for (const { labels, value } of metrics.get(`${name}_bucket`) ?? []) {
      if (!test(labels)) continue;
      const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
      growth.set(bound, (growth.get(bound) ?? 0) + sign * value);
    }
  }
  const buckets = [...growth].sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  const wanted = total * share;
  let [lower, below] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= wanted) {
      if (bound === Infinity) return lower;
      return count === below ? bound : lower + ((bound - lower) * (wanted - below)) / (count - below);
    }
    [lower, below] = [bound, count];
  }
  return lower;
}

/** Calls that answer at once: polls and other calls that wait count with their wait. */
export const isPrompt: Test = ({ operation = '' }) => !/Poll|GetWorkflowExecutionHistory|QueryWorkflow|UpdateWorkflow/.test(operation);
