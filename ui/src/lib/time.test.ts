import { describe, expect, it } from 'vitest';
import { humanDuration, parseProtoDuration, parseTypedDuration, toProtoDuration } from './duration';
import { fullTime, instantIn, relativeTime, shortTime, typedIn } from './time';

describe('times', () => {
  it('are shown in the chosen zone', () => {
    expect(fullTime('2026-11-30T06:35:12.123456Z', 'UTC')).toBe('2026-11-30 06:35:12.123');
    expect(fullTime('2026-11-30T23:30:00Z', 'Asia/Tokyo')).toBe('2026-12-01 08:30:00.000');
    expect(fullTime('2026-11-30T00:00:00Z', 'UTC')).toBe('2026-11-30 00:00:00.000');
    expect(fullTime('no time', 'UTC')).toBe('no time');
  });

  it('leave out the day of today', () => {
    const now = new Date('2026-11-30T12:00:00Z');
    expect(shortTime('2026-11-30T06:35:12Z', 'UTC', now)).toBe('06:35:12');
    expect(shortTime('2026-11-29T06:35:12Z', 'UTC', now)).toBe('2026-11-29 06:35:12');
  });

  it('are told by their distance', () => {
    const now = Date.parse('2026-11-30T12:00:00Z');
    expect(relativeTime('2026-11-30T12:00:00.400Z', now)).toBe('now');
    expect(relativeTime('2026-11-30T11:59:18Z', now)).toBe('42 s ago');
    expect(relativeTime('2026-11-30T14:30:00Z', now)).toBe('in 2 h');
  });

  it('are read as they were typed, also around a change of the clocks', () => {
    expect(instantIn('UTC', '2026-11-30T06:35')?.toISOString()).toBe('2026-11-30T06:35:00.000Z');
    expect(instantIn('Europe/Berlin', '2026-07-01T12:00')?.toISOString()).toBe('2026-07-01T10:00:00.000Z');
    expect(instantIn('Europe/Berlin', '2026-10-25T04:00')?.toISOString()).toBe('2026-10-25T03:00:00.000Z');
    expect(instantIn('UTC', 'nonsense')).toBeUndefined();
    expect(typedIn('Europe/Berlin', new Date('2026-07-01T10:00:00Z'))).toBe('2026-07-01T12:00:00');
  });
});

describe('durations', () => {
  it('are short to read', () => {
    expect([0, 0.4, 840, 3210, 59_960, 250_000, 3_600_000, 183_600_000].map(humanDuration)).toEqual([
      '0 ms', '<1 ms', '840 ms', '3.21 s', '1m', '4m 10s', '1h', '2d 3h',
    ]);
    expect(humanDuration(-1500)).toBe('−1.5 s');
  });

  it('are read from proto3 JSON and from what people type', () => {
    expect(parseProtoDuration('3.5s')).toBe(3500);
    expect(parseProtoDuration('soon')).toBeUndefined();
    expect(toProtoDuration(1500)).toBe('1.5s');
    expect(parseTypedDuration('1h30m')).toBe(5_400_000);
    expect(parseTypedDuration('250ms')).toBe(250);
    expect(parseTypedDuration('1.5 d')).toBe(129_600_000);
    expect(parseTypedDuration('5')).toBeUndefined();
    expect(parseTypedDuration('')).toBeUndefined();
  });
});
