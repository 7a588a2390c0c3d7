// Durations: proto3's JSON (`"3.5s"`), and how people read and write them.

/** Milliseconds of `"1.5s"`. */
export function parseProtoDuration(text: string | undefined): number | undefined {
  const found = /^(-?\d+(?:\.\d+)?)s$/.exec(text ?? '');
  return found ? Number(found[1]) * 1000 : undefined;
}

export const toProtoDuration = (milliseconds: number): string => `${Number((milliseconds / 1000).toFixed(9))}s`;

const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** At most two units: `840 ms`, `3.2 s`, `4m 10s`, `2d 3h`. */
export function humanDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? '−' : '';
  const size = Math.abs(milliseconds);
  if (size < 1) return size === 0 ? '0 ms' : `${sign}<1 ms`;
  if (size < 999.5) return `${sign}${Math.round(size)} ms`;
  if (size < 59_950) return `${sign}${trimmed(size / 1000)} s`;
  const seconds = Math.round(size / 1000) * 1000;
  const first = UNITS.findIndex(([, unit]) => seconds >= unit);
  const [name, unit] = UNITS[first]!;
  const smaller = UNITS[first + 1];
  const rest = smaller ? Math.floor((seconds % unit) / smaller[1]) : 0;
  return `${sign}${Math.floor(seconds / unit)}${name}${smaller && rest > 0 ? ` ${rest}${smaller[0]}` : ''}`;
}

const trimmed = (seconds: number) => String(Number(seconds.toFixed(seconds < 10 ? 2 : 1)));

/** What people type: `90s`, `1h30m`, `1.5d`, `250ms`; undefined where it is nothing of that. */
export function parseTypedDuration(text: string): number | undefined {
  const compact = text.replace(/\s+/g, '').toLowerCase();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(compact)) return undefined;
  const sizes: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
  let total = 0;
  for (const [, number, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) total += Number(number) * sizes[unit!]!;
  return total;
}

/** Milliseconds as people type them: `1h30m`; nothing for none. */
export function typedDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [name, size] of [...UNITS, ['ms', 1] as const]) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return text;
}
