// A chart over time, by uPlot.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  label: string;
  /** A variable of the theme: `--color-blue`. */
  color: string;
}

interface Props {
  title: string;
  lines: Line[];
  /** Seconds of the epoch, then each line's values. */
  data: (number | null)[][];
  format: (value: number) => string;
  /** The newest values in words, beside the title. */
  now: string;
  /** What the scale reaches at least. */
  least: number;
}

const HEIGHT = 132;
/** Seconds that are shown at least. */
const LEAST_SPAN = 120;

const timeRange = (_: uPlot, min: number | null, max: number | null): [number, number] => {
  const end = max ?? Date.now() / 1000;
  return [Math.min(min ?? end, end - LEAST_SPAN), end];
};

const variable = (name: string) => {
  // Colours of a theme are light-dark(), which a canvas does not know: the browser is asked what it comes to.
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
};

export function Chart({ title, lines, data, format, now, least }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shape = JSON.stringify([lines, document.documentElement.dataset.theme]);
  useEffect(() => {
    const element = box.current!;
    const ink = variable('--color-ink-3');
    const grid = { stroke: variable('--color-line'), width: 1 };
    const axis = { stroke: ink, font: '11px Inter, sans-serif', ticks: { show: false } };
    const made = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height: HEIGHT,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: true, range: timeRange }, y: { range: (_, __, max) => [0, Math.max((max ?? 0) * 1.15, least)] } },
        series: [{}, ...lines.map(({ label, color }) => ({ label, stroke: variable(color), width: 1.5, points: { show: false }, spanGaps: false }))],
        axes: [
          { ...axis, grid: { show: false }, size: 24, space: 70, values: [[60, '{HH}:{mm}', null, null, null, null, null, null, 1], [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]] },
          { ...axis, grid, size: 58, space: 28, values: (_, values) => values.map(format) },
        ],
      },
      [[], ...lines.map(() => [])] as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => made.setSize({ width: entry!.contentRect.width, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
    // `shape` stands for the lines.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);
  useEffect(() => plot.current?.setData(data as uPlot.AlignedData), [data, shape]);
  return (
    <figure className="card min-w-0 p-3" aria-label={`${title}: ${now}`}>
      <figcaption className="flex h-5 items-baseline gap-x-3 overflow-hidden">
        <span className="font-semibold">{title}</span>
        <span className="tabular text-ink-2">{now}</span>
        <span className="ml-auto flex gap-3 text-xs text-ink-3">
          {lines.length > 1 &&
            lines.map(({ label, color }) => (
              <span key={label} className="inline-flex items-center gap-1">
                <svg width="10" height="3" aria-hidden="true">
                  <rect width="10" height="3" rx="1.5" fill={`var(${color})`} />
                </svg>
                {label}
              </span>
            ))}
        </span>
      </figcaption>
      <div ref={box} className="mt-1 h-[132px] overflow-hidden" aria-hidden="true" />
    </figure>
  );
}
