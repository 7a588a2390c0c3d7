// How many runs there are in each status, of those that the rest of the filter lets through: by a stream where there is one, else asked
// again and again.
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import * as klamm from '../../api/klamm';
import type { CountWorkflowExecutionsResponse } from '../../api/messages';
import * as temporal from '../../api/temporal';
import { countsOf, type StatusCount } from '../../lib/counts';
import { equalTo, withEqual } from '../../lib/filter';
import { listen } from '../../lib/stream';

const REFRESH_MS = 3000;

export interface Counts {
  /** Of the rest of the filter, without its status. */
  statuses: StatusCount[];
  /** Of the whole filter. */
  total: number | undefined;
  refetch: () => void;
}

/** `isEnabled`: the filter is known to be a good one. */
export function useCounts(ns: string, query: string, isEnabled: boolean): Counts {
  const rest = withEqual(query, 'ExecutionStatus', undefined);
  const current = equalTo(query, 'ExecutionStatus');
  const grouped = `${rest} GROUP BY ExecutionStatus`.trim();
  const queries = useQueryClient();
  const [isStreaming, setStreaming] = useState(false);
  const counts = useQuery({
    queryKey: ['status-counts', ns, rest],
    queryFn: ({ signal }) => temporal.countWorkflows(ns, grouped, signal),
    refetchInterval: isStreaming ? false : REFRESH_MS,
    placeholderData: keepPreviousData,
    enabled: isEnabled,
  });
  const hasCounts = counts.data !== undefined && !counts.isPlaceholderData;
  useEffect(() => {
    if (!isEnabled || !hasCounts) return;
    const stop = listen(
      () => klamm.countAddress(ns, grouped),
      {
        count: (data) => {
          setStreaming(true);
          queries.setQueryData(['status-counts', ns, rest], data as CountWorkflowExecutionsResponse);
        },
      },
      () => setStreaming(false),
    );
    return () => {
      stop();
      setStreaming(false);
    };
  }, [ns, rest, grouped, isEnabled, hasCounts, queries]);
  const statuses = countsOf(counts.data, current);
  const total = counts.data && statuses.reduce((sum, { status, count }) => (current === undefined || status === current ? sum + count : sum), 0);
  return { statuses, total, refetch: () => void counts.refetch() };
}
