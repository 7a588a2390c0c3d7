import { describe, expect, it } from 'vitest';
import { cronTimes, intervalTimes, nextTimes, parseCron } from './preview';

const from = new Date('2026-11-30T12:00:00Z');
const times = (line: string, zone = 'UTC', count = 3) => cronTimes(line, zone, from, count).map((time) => time.toISOString().slice(0, 19));

describe('the preview of a schedule', () => {
  it('counts cron expressions on', () => {
    expect(times('30 2 * * *')).toEqual(['2026-12-01T02:30:00', '2026-12-02T02:30:00', '2026-12-03T02:30:00']);
    expect(times('0 9-10 * * MON-FRI', 'America/New_York')).toEqual(['2026-11-30T14:00:00', '2026-11-30T15:00:00', '2026-12-01T14:00:00']);
    expect(times('*/15 * * * *', 'UTC', 2)).toEqual(['2026-11-30T12:15:00', '2026-11-30T12:30:00']);
    expect(times('0 0 29 2 *', 'UTC', 1)).toEqual(['2028-02-29T00:00:00']);
    expect(times('@hourly', 'UTC', 1)).toEqual(['2026-11-30T13:00:00']);
    expect(times('TZ=Asia/Tokyo 0 9 * * *', 'UTC', 1)).toEqual(['2026-12-01T00:00:00']);
    expect(times('10 0 12 1 1 * 2027', 'UTC', 2)).toEqual(['2027-01-01T12:00:10']);
  });

  it('leaves out what the clocks jump over', () => {
    const spring = new Date('2027-03-27T12:00:00Z');
    expect(cronTimes('30 2 * * *', 'Europe/Berlin', spring, 1)[0]!.toISOString()).toBe('2027-03-29T00:30:00.000Z');
  });

  it('ends where there is no further time', () => {
    expect(times('0 0 31 2 *')).toEqual([]);
    expect(times('* * * * * * 1999')).toEqual([]);
  });

  it('says what is wrong', () => {
    for (const wrong of ['', '* * *', '61 * * * *', 'a b c d e', '5-2 * * * *', '*/0 * * * *', '@every x']) expect(() => parseCron(wrong)).toThrow(Error);
  });

  it('counts intervals from the epoch', () => {
    expect(intervalTimes(3_600_000, 300_000, from, 2).map((time) => time.toISOString())).toEqual(['2026-11-30T12:05:00.000Z', '2026-11-30T13:05:00.000Z']);
  });

  it('joins several expressions', () => {
    expect(nextTimes(['0 13 * * *', '0 14 * * *', '0 13 * * *'], 'UTC', from, 3).map((time) => time.toISOString().slice(8, 13))).toEqual(['30T13', '30T14', '01T13']);
  });
});
