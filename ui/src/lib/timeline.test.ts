import { describe, expect, it } from 'vitest';
import { axisOf, gapsOf } from './timeline';

describe('timeline', () => {
  it('draws a long wait short', () => {
    expect(gapsOf([0, 10, 20, 60_020, 60_030])).toEqual([{ from: 20, to: 60_020 }]);
  });

  it('draws several waits short, each as long as much of what is left', () => {
    const gaps = gapsOf([0, 5, 10, 86_400_000, 86_400_010, 86_400_020, 86_460_000, 86_460_005]);
    expect(gaps.map(({ from }) => from)).toEqual([10, 86_400_020]);
  });

  it('draws several equal waits short', () => {
    expect(gapsOf([0, 5, 1_000_000, 1_000_005, 2_000_000, 2_000_005]).map(({ from }) => from)).toEqual([5, 1_000_005]);
  });

  it('leaves steps alone that are not far from each other', () => {
    expect(gapsOf([0, 441, 608, 867, 1670])).toEqual([]);
    expect(gapsOf([0, 1, 3, 7, 15, 31, 63])).toEqual([]);
  });

  it('leaves even steps alone', () => {
    expect(gapsOf([0, 10, 20, 30, 40])).toEqual([]);
    expect(gapsOf([0, 60_000])).toEqual([]);
    expect(gapsOf([5])).toEqual([]);
    expect(gapsOf([])).toEqual([]);
  });

  it('keeps the order of times, and uses the whole width', () => {
    const times = [0, 3, 7, 7, 120_000, 120_004, 120_010];
    const axis = axisOf(0, 120_010, times, 800);
    const places = times.map(axis.x);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBe(0);
    expect(places.at(-1)).toBeCloseTo(800);
    expect(axis.gaps).toHaveLength(1);
    expect(axis.x(7) - axis.x(0)).toBeGreaterThan(200);
  });

  it('holds times that are outside', () => {
    const axis = axisOf(100, 200, [], 500);
    expect(axis.x(0)).toBe(0);
    expect(axis.x(1e15)).toBe(500);
  });

  it('has a width where nothing took time', () => {
    const axis = axisOf(1000, 1000, [1000, 1000], 300);
    expect(axis.x(1000)).toBe(0);
    expect(Number.isFinite(axis.x(1001))).toBe(true);
  });

  it('sets ticks apart', () => {
    const { ticks } = axisOf(0, 10_000, [100, 5000, 9000], 900);
    expect(ticks.length).toBeGreaterThan(4);
    ticks.slice(1).forEach((tick, index) => expect(tick.x - ticks[index]!.x).toBeGreaterThan(60));
  });

  it('is quick with a history of 20,000 events', () => {
    const times = Array.from({ length: 20_000 }, (_, index) => index * 7 + (index % 3));
    const begin = performance.now();
    axisOf(0, 150_000, times, 1000);
    expect(performance.now() - begin).toBeLessThan(500);
  });
});
