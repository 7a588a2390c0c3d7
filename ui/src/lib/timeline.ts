// Where the bars of a run's timeline stand. Long stretches in which nothing happens are drawn short, so that the rest can be seen.
import { scaleLinear } from 'd3-scale';

export interface Gap {
  /** Milliseconds of the epoch. */
  from: number;
  to: number;
}

export interface Axis {
  x: (time: number) => number;
  gaps: (Gap & { x: number; width: number })[];
  ticks: { time: number; x: number }[];
}

/** Width of a gap on the screen. */
export const GAP_WIDTH = 28;
const GAPS_MAX = 8;
/** How many times longer than the next a stretch must be, to be drawn short. */
const GAP_JUMP = 4;
/** Which part of all must be left at most by what is drawn short. */
const GAP_REST = 0.4;
const TICK_DISTANCE = 92;
const GAP_LABEL = 46;

/** The stretches without an event that are drawn short, in their order. `times` need not be sorted. */
export function gapsOf(times: number[]): Gap[] {
  const sorted = [...new Set(times)].sort((a, b) => a - b);
  let steps = sorted.slice(1).map((to, index) => ({ from: sorted[index]!, to }));
  steps.sort((a, b) => lengthOf(b) - lengthOf(a));
  const gaps: Gap[] = [];
  // The longest ones that stand out from the rest; then those that stand out from what is left, and so on.
  for (let found = standingOut(steps); found > 0 && gaps.length + found <= GAPS_MAX; found = standingOut(steps)) {
    gaps.push(...steps.slice(0, found));
    steps = steps.slice(found);
  }
  return gaps.sort((a, b) => a.from - b.from);
}

const lengthOf = (step: Gap) => step.to - step.from;

/** How many of the steps, longest first, stand out. At least two others stay: a picture of gaps only would show nothing. */
function standingOut(steps: Gap[]): number {
  const all = steps.reduce((sum, step) => sum + lengthOf(step), 0);
  let rest = all;
  for (let count = 1; count <= Math.min(GAPS_MAX, steps.length - 2); count += 1) {
    rest -= lengthOf(steps[count - 1]!);
    if (rest <= all * GAP_REST && lengthOf(steps[count - 1]!) >= lengthOf(steps[count]!) * GAP_JUMP) return count;
  }
  return 0;
}

/** The scale from `start` to `end` over `width` pixels, straight between gaps. */
export function axisOf(start: number, end: number, times: number[], width: number): Axis {
  const until = Math.max(end, start + 1);
  const gaps = gapsOf([start, until, ...times.filter((time) => time > start && time < until)]);
  const gapWidth = Math.min(GAP_WIDTH, width / (2 * gaps.length + 1));
  const shown = until - start - gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const perMillisecond = (width - gaps.length * gapWidth) / Math.max(shown, 1e-6);
  const domain = [start];
  const range = [0];
  for (const gap of gaps) {
    if (gap.from > domain.at(-1)!) {
      range.push(range.at(-1)! + (gap.from - domain.at(-1)!) * perMillisecond);
      domain.push(gap.from);
    }
    range.push(range.at(-1)! + gapWidth);
    domain.push(gap.to);
  }
  if (until > domain.at(-1)!) {
    range.push(width);
    domain.push(until);
  }
  const scale = scaleLinear(domain, range).clamp(true);
  return {
    x: (time) => scale(time),
    gaps: gaps.map((gap) => ({ ...gap, x: scale(gap.from), width: scale(gap.to) - scale(gap.from) })),
    ticks: ticksOf(domain, range, gaps, start),
  };
}

function ticksOf(domain: number[], range: number[], gaps: Gap[], start: number): { time: number; x: number }[] {
  const ticks: { time: number; x: number }[] = [];
  const isGap = (from: number) => gaps.some((gap) => gap.from === from);
  // Gaps have labels of their own above them.
  const middles = gaps.map((gap) => (range[domain.indexOf(gap.to)]! + range[domain.indexOf(gap.to) - 1]!) / 2);
  const isBesideGap = (x: number) => middles.some((middle) => Math.abs(middle - x) < GAP_LABEL);
  let last = -TICK_DISTANCE;
  for (let index = 0; index + 1 < domain.length; index += 1) {
    const [from, to, left, right] = [domain[index]!, domain[index + 1]!, range[index]!, range[index + 1]!];
    if (isGap(from)) continue;
    const scale = scaleLinear([from - start, to - start], [left, right]);
    for (const elapsed of scale.ticks(Math.floor((right - left) / TICK_DISTANCE))) {
      const x = scale(elapsed);
      if (x - last < TICK_DISTANCE * 0.7 || isBesideGap(x)) continue;
      ticks.push({ time: elapsed + start, x });
      last = x;
    }
  }
  return ticks;
}
