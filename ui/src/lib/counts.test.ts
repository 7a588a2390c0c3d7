import { expect, it } from 'vitest';
import { countsOf } from './counts';

it('counts stand in their order, also that of a status which no run has', () => {
  const answer = { count: '6', groups: [{ groupValues: ['Completed'], count: '4' }, { groupValues: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'IlJ1bm5pbmci' }], count: '2' }] };
  expect(countsOf(answer as never, undefined)).toEqual([{ status: 'Running', count: 2 }, { status: 'Completed', count: 4 }]);
  expect(countsOf(answer as never, 'Failed').map(({ status }) => status)).toEqual(['Running', 'Failed', 'Completed']);
  expect(countsOf(undefined, undefined)).toEqual([]);
});
