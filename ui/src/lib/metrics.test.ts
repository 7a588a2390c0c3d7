import { describe, expect, it } from 'vitest';
import { parseMetrics, quantile, rate, sum } from './metrics';

const text = (low: number, high: number) => `# HELP x y
# TYPE x histogram
x_bucket{operation="A",le="0.1"} ${low}
x_bucket{operation="A",le="1"} ${low + high}
x_bucket{operation="A",le="+Inf"} ${low + high}
x_sum{operation="A"} 3.5
c{a="with \\"quotes\\" and, commas",b="2"} 10
c{b="3"} 5
plain 1.5e3
broken
`;

describe('metrics', () => {
  it('are read', () => {
    const metrics = parseMetrics(text(1, 1));
    expect(metrics.get('c')?.[0]?.labels).toEqual({ a: 'with "quotes" and, commas', b: '2' });
    expect(sum(metrics, 'c')).toBe(15);
    expect(sum(metrics, 'c', ({ b }) => b === '3')).toBe(5);
    expect(sum(metrics, 'plain')).toBe(1500);
    expect(sum(metrics, 'missing')).toBe(0);
  });

  it('become rates', () => {
    expect(rate(parseMetrics('c 10'), parseMetrics('c 30'), 2, 'c')).toBe(10);
    expect(rate(parseMetrics('c 30'), parseMetrics('c 1'), 2, 'c')).toBe(0);
  });

  it('become quantiles of what came in between', () => {
    expect(quantile(parseMetrics(text(100, 0)), parseMetrics(text(100, 10)), 'x', 0.5)).toBeCloseTo(0.55);
    expect(quantile(parseMetrics(text(0, 0)), parseMetrics(text(10, 0)), 'x', 0.99)).toBeCloseTo(0.099);
    expect(quantile(parseMetrics(text(5, 5)), parseMetrics(text(5, 5)), 'x', 0.5)).toBeUndefined();
  });
});
