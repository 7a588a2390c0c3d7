// What was done, and is being done, to many runs at once.
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { BatchOperationInfo } from '../api/messages';
import * as temporal from '../api/temporal';
import { Badge, Button, Elapsed, Empty, Failed, Loading, PageHeader, Time } from '../components/basics';
import { type Column, Grid } from '../components/grid';
import { operationWords } from '../lib/batch';
import { words } from '../lib/words';

const route = getRouteApi('/namespaces/$ns/batch-operations');

export function BatchesPage() {
  const { ns } = route.useParams();
  const list = useInfiniteQuery({
    queryKey: ['batches', ns],
    queryFn: ({ pageParam, signal }) => temporal.listBatches(ns, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? 3000 : false),
  });
  const rows = useMemo(() => (list.data?.pages ?? []).flatMap((page) => page.operationInfo ?? []), [list.data]);
  const columns = useMemo(() => columnsOf(ns), [ns]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  return (
    <>
      <PageHeader title="Batch operations">
        <Button kind="quiet" icon="refresh" aria-label="Refresh" onPress={() => void list.refetch()} />
      </PageHeader>
      {list.error && rows.length === 0 ? (
        <Failed error={list.error} what={`The batch operations of ${ns}`} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid
          label="Batch operations"
          className="max-h-[calc(100dvh-6rem)]"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.jobId ?? ''}
          onEnd={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
          empty={
            <Empty icon="batches" title={`No batch operation has been started in ${ns}`}>
              Choose workflows in{' '}
              <Link to="/namespaces/$ns/workflows" params={{ ns }} className="link">
                the list
              </Link>
              , or all that match a filter, to cancel, terminate, signal, reset or delete them.
            </Empty>
          }
        />
      )}
    </>
  );
}

export function BatchState({ state }: { state: string | undefined }) {
  const tone = state === 'BATCH_OPERATION_STATE_RUNNING' ? 'blue' : state === 'BATCH_OPERATION_STATE_COMPLETED' ? 'green' : 'amber';
  const text = state === 'BATCH_OPERATION_STATE_FAILED' ? 'Stopped or failed' : words(state, 'BATCH_OPERATION_STATE_');
  return <Badge tone={tone}>{text}</Badge>;
}

const columnsOf = (ns: string): Column<BatchOperationInfo>[] => [
  { id: 'operation', header: 'Operation', width: '8rem', cell: (row) => operationWords(row.operationType), sort: (row) => operationWords(row.operationType) },
  {
    id: 'job',
    header: 'Id',
    width: 'minmax(12rem, 1fr)',
    cell: (row) => (
      <Link to="/namespaces/$ns/batch-operations/$job" params={{ ns, job: row.jobId ?? '' }} className="link font-mono text-xs" title={row.jobId}>
        {row.jobId}
      </Link>
    ),
  },
  { id: 'state', header: 'State', width: '9rem', cell: (row) => <BatchState state={row.state} />, sort: (row) => row.state ?? '' },
  { id: 'start', header: 'Start', width: '9.5rem', cell: (row) => <Time value={row.startTime} />, sort: (row) => row.startTime ?? '' },
  { id: 'end', header: 'End', width: '9.5rem', cell: (row) => <Time value={row.closeTime} />, sort: (row) => row.closeTime ?? '' },
  { id: 'duration', header: 'Duration', width: '6rem', align: 'right', cell: (row) => <Elapsed from={row.startTime} to={row.closeTime} /> },
];
