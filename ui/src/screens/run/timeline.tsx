// A run over time: one line per thing that went on.
import { useVirtualizer } from '@tanstack/react-virtual';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { HistoryEvent } from '../../api/messages';
import { Button, Section, classes } from '../../components/basics';
import { useNow } from '../../lib/clock';
import { humanDuration } from '../../lib/duration';
import { type Group, type State, timeOf } from '../../lib/history';
import { change, useSettings } from '../../lib/settings';
import { type Axis, axisOf } from '../../lib/timeline';

const route = getRouteApi('/namespaces/$ns/workflows/$id/$run/$tab');

const ROW = 24;
const RIGHT = 14;
const AXIS_HEIGHT = 24;

const FILL: Record<State, string> = {
  running: 'fill-blue',
  completed: 'fill-green',
  failed: 'fill-red',
  timedOut: 'fill-amber',
  canceled: 'fill-ink-3',
  terminated: 'fill-violet',
  paused: 'fill-amber',
  note: 'fill-accent',
};
const STROKE: Record<State, string> = {
  running: 'stroke-blue',
  completed: 'stroke-green',
  failed: 'stroke-red',
  timedOut: 'stroke-amber',
  canceled: 'stroke-ink-3',
  terminated: 'stroke-violet',
  paused: 'stroke-amber',
  note: 'stroke-accent',
};

const STATE_WORDS: Record<State, string> = {
  running: 'goes on',
  completed: 'completed',
  failed: 'failed',
  timedOut: 'timed out',
  canceled: 'cancelled',
  terminated: 'terminated',
  paused: '',
  note: '',
};

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}

export function Timeline({ groups, events, isRunning }: { groups: Group[]; events: HistoryEvent[]; isRunning: boolean }) {
  const { tasks } = useSettings();
  const { event: selected } = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow();
  const [box, boxWidth] = useWidth();
  const labels = boxWidth < 600 ? 120 : 220;
  const width = Math.max(120, boxWidth - labels - RIGHT);
  const rows = useMemo(() => groups.filter((group) => tasks || group.kind !== 'task'), [groups, tasks]);
  const start = timeOf(events[0] ?? {});
  const end = isRunning ? Math.max(now, timeOf(events.at(-1) ?? {})) : timeOf(events.at(-1) ?? {});
  const axis = useMemo(() => {
    const times = rows.flatMap((group) => [group.start, ...(group.started ? [group.started] : []), ...(group.end ? [group.end] : [])]);
    return axisOf(start, end, times, width);
  }, [rows, start, end, width]);

  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  const open = (id: number) => void navigate({ search: (search) => ({ ...search, event: String(id) }), replace: true, resetScroll: false });
  return (
    <Section
      title="Timeline"
      actions={
        <Button kind="quiet" aria-pressed={tasks} onPress={() => change({ tasks: !tasks })}>
          {tasks ? 'Hide workflow tasks' : 'Show workflow tasks'}
        </Button>
      }
    >
      <div ref={box} className="px-3 pt-1">
        <svg width={labels + width + RIGHT} height={AXIS_HEIGHT} className="block overflow-visible" aria-hidden="true">
          <g transform={`translate(${labels},0)`}>
            {axis.ticks.map(({ time, x }) => (
              <text key={time} x={x} y={15} textAnchor={x < 12 ? 'start' : 'middle'} className="fill-ink-3 text-2xs">
                {time === start ? '0' : humanDuration(time - start)}
              </text>
            ))}
            {axis.gaps.map((gap) => (
              <g key={gap.from} transform={`translate(${gap.x + gap.width / 2},0)`}>
                <title>{`${humanDuration(gap.to - gap.from)} in which nothing happened`}</title>
                <path d="M-5 21 L-2 13 M0 21 L3 13" className="fill-none stroke-line-strong" strokeWidth={1.5} />
                <text y={9} textAnchor="middle" className="fill-ink-2 text-2xs font-medium">
                  {humanDuration(gap.to - gap.from)}
                </text>
              </g>
            ))}
          </g>
        </svg>
      </div>
      <div ref={scroller} className="max-h-96 overflow-x-hidden overflow-y-auto px-3 pb-2" tabIndex={0} role="region" aria-label="Timeline, one line for each activity, timer, signal and child">
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          <Grid axis={axis} labels={labels} width={width} height={Math.min(virtual.getTotalSize(), 100_000)} />
          <ol>
            {virtual.getVirtualItems().map(({ index, start: top }) => {
              const group = rows[index]!;
              return (
                <li key={group.id} className="absolute inset-x-0" style={{ top, height: ROW }}>
                  <button
                    type="button"
                    onClick={() => open(group.id)}
                    title={describe(group, end)}
                    className={classes('flex h-full w-full items-center rounded text-left', selected === String(group.id) ? 'bg-accent-soft' : 'hover:bg-hover/70')}
                  >
                    <span className="shrink-0 truncate pr-3" style={{ width: labels }}>
                      <span className={group.kind === 'task' || group.kind === 'workflow' ? 'text-ink-3' : 'font-medium'}>{group.label}</span>
                      <span className="ml-1.5 text-xs text-ink-3 max-md:hidden">{group.detail}</span>
                    </span>
                    <span className="sr-only">{describe(group, end)}</span>
                    <svg width={width + RIGHT} height={ROW} className="block shrink-0 overflow-visible" aria-hidden="true">
                      <Bar group={group} axis={axis} now={end} width={width} />
                    </svg>
                  </button>
                </li>
              );
            })}
          </ol>
        </div>
      </div>
    </Section>
  );
}

/** The lines of the ticks, and where time is drawn short. */
function Grid({ axis, labels, width, height }: { axis: Axis; labels: number; width: number; height: number }) {
  return (
    <svg className="absolute top-0" style={{ left: labels }} width={width} height={height} aria-hidden="true">
      {axis.ticks.map(({ time, x }) => (
        <line key={time} x1={x} x2={x} y1={0} y2={height} className="stroke-line" />
      ))}
      {axis.gaps.map((gap) => (
        <rect key={gap.from} x={gap.x} width={gap.width} y={0} height={height} className="fill-sunken" />
      ))}
    </svg>
  );
}

function Bar({ group, axis, now, width }: { group: Group; axis: Axis; now: number; width: number }) {
  const from = axis.x(group.start);
  const to = axis.x(group.end ?? now);
  const middle = ROW / 2;
  const isPoint = group.end === group.start && group.started === undefined;
  if (isPoint) {
    return <path d={`M${from} ${middle - 5} l5 5 l-5 5 l-5 -5 z`} className={FILL[group.state]} />;
  }
  const taken = group.started === undefined ? from : Math.max(from, axis.x(group.started));
  const attempts = group.attempt > 1 ? `attempt ${group.attempt}` : '';
  const length = humanDuration((group.end ?? now) - group.start);
  const text = [length, attempts].filter(Boolean).join(' · ');
  const room = width - to;
  const textWidth = text.length * 6.2 + 10;
  const isLeft = room < textWidth;
  // Where neither side has room, it stands on the bar.
  const isOn = isLeft && from < textWidth;
  return (
    <g>
      {/* Waiting for a worker, or for the next try. */}
      {taken > from && <line x1={from} x2={taken} y1={middle} y2={middle} strokeWidth={2} className={STROKE[group.state]} opacity={0.45} />}
      {group.end === undefined ? (
        <line x1={taken} x2={Math.max(taken + 3, to)} y1={middle} y2={middle} strokeWidth={6} className={classes(group.pending?.lastFailure ? 'stroke-amber' : STROKE[group.state], 'goes-on')} />
      ) : group.kind === 'timer' ? (
        <g className={STROKE[group.state]} strokeWidth={1.5}>
          <line x1={from} x2={Math.max(from + 2, to)} y1={middle} y2={middle} strokeDasharray="3 2" />
          <line x1={from} x2={from} y1={middle - 4} y2={middle + 4} />
          <line x1={Math.max(from + 2, to)} x2={Math.max(from + 2, to)} y1={middle - 4} y2={middle + 4} />
        </g>
      ) : (
        <rect x={taken} y={middle - 4} width={Math.max(3, to - taken)} height={8} rx={2} className={FILL[group.state]} />
      )}
      <text
        x={isOn ? to - 6 : isLeft ? from - 6 : Math.max(to, taken + 3) + 6}
        y={middle + 4}
        textAnchor={isLeft ? 'end' : 'start'}
        strokeWidth={isOn ? 5 : 0}
        className="fill-ink-2 stroke-surface text-2xs [paint-order:stroke]"
      >
        {text}
      </text>
    </g>
  );
}

function describe(group: Group, now: number): string {
  const length = group.end === group.start ? '' : humanDuration((group.end ?? now) - group.start);
  const parts = [group.label, group.detail, STATE_WORDS[group.state], length, group.attempt > 1 ? `attempt ${group.attempt}` : '', group.failure?.message ? `failure: ${group.failure.message}` : ''];
  return parts.filter(Boolean).join(', ');
}
