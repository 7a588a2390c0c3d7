// The workers of a namespace, by the heartbeats that they send.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { ApiError } from '../api/client';
import type { WorkerListInfo } from '../api/messages';
import * as temporal from '../api/temporal';
import { Badge, Button, Empty, Failed, Loading, Note, PageHeader, Time } from '../components/basics';
import { FilterBox } from '../components/filter-box';
import { type Column, Grid } from '../components/grid';
import { QueueLink } from '../components/links';
import { toWorkerFilter, WORKER_ATTRIBUTES } from '../lib/filter';
import { words } from '../lib/words';

const route = getRouteApi('/namespaces/$ns/workers');
const REFRESH_MS = 3000;

export function WorkersPage() {
  const { ns } = route.useParams();
  const { query = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const filterWith = (next: string) => void navigate({ search: next === '' ? {} : { query: next } });
  const list = useInfiniteQuery({
    queryKey: ['workers', ns, query],
    queryFn: ({ pageParam, signal }) => temporal.listWorkers(ns, query, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
  });
  const total = useQuery({
    queryKey: ['worker-count', ns, query],
    queryFn: ({ signal }) => temporal.countWorkers(ns, query, signal),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
    enabled: !list.error,
  });
  const rows = useMemo(() => (list.data?.pages ?? []).flatMap((page) => page.workers ?? []), [list.data]);
  const columns = useMemo(() => columnsOf(ns), [ns]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const refused = list.error instanceof ApiError && list.error.code === 3 && query !== '' ? list.error : undefined;
  return (
    <>
      <PageHeader title="Workers" count={list.data ? Number(total.data?.count ?? rows.length).toLocaleString('en') : undefined}>
        <Button kind="quiet" icon="refresh" aria-label="Refresh" onPress={() => void list.refetch()} />
      </PageHeader>
      <div className="mb-2 flex">
        <FilterBox value={query} attributes={WORKER_ATTRIBUTES} placeholder="An identity, a host, a task queue, or a filter: TaskQueue = 'orders'" onSubmit={(typed) => filterWith(toWorkerFilter(typed))} />
      </div>
      {refused ? (
        <Note tone="red" title="The server does not understand this filter">
          <p>{refused.message}</p>
          <p className="mt-1">
            A filter looks like <code className="font-mono text-xs">TaskQueue = 'orders' AND Status = 'Running'</code>. What was typed is kept.
          </p>
        </Note>
      ) : list.error && rows.length === 0 ? (
        <Failed error={list.error} what={`The workers of ${ns}`} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid
          label="Workers"
          className="max-h-[calc(100dvh-9rem)]"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.workerInstanceKey ?? ''}
          onEnd={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
          empty={
            query !== '' ? (
              <Empty icon="search" title="No worker fits this filter">
                <Button onPress={() => filterWith('')} className="mt-2">
                  Show all workers
                </Button>
              </Empty>
            ) : (
              <Empty icon="workers" title={`No worker of ${ns} sends heartbeats`}>
                Workers of newer SDKs send one every minute. Those of older ones are told by{' '}
                <Link to="/namespaces/$ns/task-queues" params={{ ns }} className="link">
                  the pollers of the task queues
                </Link>
                .
              </Empty>
            )
          }
        />
      )}
    </>
  );
}

export function WorkerStatus({ status }: { status: string | undefined }) {
  const tone = status === 'WORKER_STATUS_RUNNING' ? 'green' : status === 'WORKER_STATUS_SHUTTING_DOWN' ? 'amber' : 'grey';
  return <Badge tone={tone}>{words(status, 'WORKER_STATUS_') || 'Unknown'}</Badge>;
}

const columnsOf = (ns: string): Column<WorkerListInfo>[] => [
  { id: 'status', header: 'Status', width: '6rem', cell: (row) => <WorkerStatus status={row.status} />, sort: (row) => row.status ?? '' },
  {
    id: 'identity',
    header: 'Worker',
    width: 'minmax(9rem, 2fr)',
    cell: (row) => (
      <Link to="/namespaces/$ns/workers/$key" params={{ ns, key: row.workerInstanceKey ?? '' }} className="link font-medium" title={row.workerIdentity}>
        {row.workerIdentity || row.workerInstanceKey}
      </Link>
    ),
    sort: (row) => row.workerIdentity ?? '',
  },
  { id: 'queue', header: 'Task queue', width: 'minmax(6rem, 1fr)', cell: (row) => <QueueLink ns={ns} queue={row.taskQueue ?? ''} />, sort: (row) => row.taskQueue ?? '' },
  { id: 'version', header: 'Version', width: 'minmax(6rem, 1fr)', cell: ({ deploymentVersion: version }) => (version?.buildId ? `${version.deploymentName ?? ''} ${version.buildId}` : <span className="text-ink-3">unversioned</span>) },
  { id: 'sdk', header: 'SDK', width: '10rem', cell: (row) => `${row.sdkName ?? ''} ${row.sdkVersion ?? ''}`, sort: (row) => `${row.sdkName} ${row.sdkVersion}` },
  { id: 'host', header: 'Host', width: 'minmax(5rem, 1fr)', cell: (row) => row.hostName, sort: (row) => row.hostName ?? '' },
  { id: 'start', header: 'Start', width: '9.5rem', cell: (row) => <Time value={row.startTime} />, sort: (row) => row.startTime ?? '' },
];
