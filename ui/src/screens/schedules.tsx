// The list of schedules.
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import type { ScheduleListEntry } from '../api/messages';
import * as temporal from '../api/temporal';
import { Badge, Button, buttonClass, Command, Empty, Failed, Loading, PageHeader, Time } from '../components/basics';
import { FilterBox } from '../components/filter-box';
import { type Column, Grid } from '../components/grid';
import { Icon } from '../components/icons';
import { RunLink, ScheduleLink } from '../components/links';
import { Dot, statusWords } from '../components/status';
import { specTexts } from '../lib/schedule';

const route = getRouteApi('/namespaces/$ns/schedules');
const ATTRIBUTES = { ScheduleId: 'Keyword', TemporalSchedulePaused: 'Bool' };

export function SchedulesPage() {
  const { ns } = route.useParams();
  const { query = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery({
    queryKey: ['schedules', ns, query],
    queryFn: ({ pageParam, signal }) => temporal.listSchedules(ns, query, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? 5000 : false),
  });
  const rows = useMemo(() => (list.data?.pages ?? []).flatMap((page) => page.schedules ?? []), [list.data]);
  const columns = useMemo(() => columnsOf(ns), [ns]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const filterWith = (next: string) => void navigate({ search: next ? { query: next } : {} });
  return (
    <div className="flex h-dvh flex-col max-md:h-[calc(100dvh-2.75rem)]">
      <PageHeader title="Schedules" count={list.data ? `${rows.length}${hasNextPage ? '+' : ''}` : undefined}>
        <Button kind="quiet" icon="refresh" aria-label="Refresh" onPress={() => void list.refetch()} />
        <Link to="/namespaces/$ns/schedules/create" params={{ ns }} className={buttonClass('primary')}>
          <Icon name="plus" />
          Create a schedule
        </Link>
      </PageHeader>
      <div className="flex shrink-0 gap-1.5 pb-3">
        <FilterBox value={query} attributes={ATTRIBUTES} placeholder="A filter: TemporalSchedulePaused = true" onSubmit={filterWith} />
        <Button aria-pressed={query === PAUSED} onPress={() => filterWith(query === PAUSED ? '' : PAUSED)} icon="pause">
          Paused
        </Button>
      </div>
      {list.error && rows.length === 0 ? (
        <Failed error={list.error} what={`The schedules of ${ns}`} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid
          label="Schedules"
          className="mb-4 min-h-0"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.scheduleId ?? ''}
          rowHeight={38}
          onEnd={onEnd}
          empty={<NoSchedules ns={ns} query={query} onClear={() => filterWith('')} />}
        />
      )}
    </div>
  );
}

const PAUSED = 'TemporalSchedulePaused = true';

function columnsOf(ns: string): Column<ScheduleListEntry>[] {
  return [
    {
      id: 'state',
      header: 'State',
      width: '5.5rem',
      cell: ({ info }) => (info?.paused ? <Badge tone="amber">Paused</Badge> : <Badge tone="green">Active</Badge>),
    },
    { id: 'id', header: 'Schedule id', width: 'minmax(10rem, 1.6fr)', cell: (row) => <ScheduleLink ns={ns} id={row.scheduleId ?? ''} className="font-medium" /> },
    { id: 'type', header: 'Workflow type', width: 'minmax(7rem, 1fr)', cell: ({ info }) => info?.workflowType?.name },
    {
      id: 'spec',
      header: 'When',
      width: 'minmax(10rem, 1.6fr)',
      cell: ({ info }) => {
        const texts = specTexts(info?.spec);
        return (
          <span title={texts.join('\n')}>
            {texts[0]}
            {texts.length > 1 && <span className="text-ink-3"> and {texts.length - 1} more</span>}
            {info?.spec?.timezoneName && <span className="text-ink-3"> · {info.spec.timezoneName}</span>}
          </span>
        );
      },
    },
    {
      id: 'next',
      header: 'Next',
      width: '9.5rem',
      cell: ({ info }) => (info?.paused ? <span className="text-ink-3">paused</span> : info?.futureActionTimes?.[0] ? <Time value={info.futureActionTimes[0]} /> : <span className="text-ink-3">never</span>),
    },
    {
      id: 'recent',
      header: 'Last runs',
      width: 'minmax(9rem, 1fr)',
      cell: ({ info }) => (
        <span className="inline-flex items-center gap-2">
          {(info?.recentActions ?? []).slice(-3).reverse().map((action) => {
            const execution = action.startWorkflowResult;
            const status = statusWords(action.startWorkflowStatus);
            return (
              <RunLink key={execution?.runId} ns={ns} id={execution?.workflowId ?? ''} run={execution?.runId} className="inline-flex items-center gap-1 text-ink-2">
                <Dot status={action.startWorkflowStatus ? status : 'Running'} />
                <Time value={action.actualTime} />
              </RunLink>
            );
          })}
        </span>
      ),
    },
  ];
}

function NoSchedules({ ns, query, onClear }: { ns: string; query: string; onClear: () => void }) {
  if (query !== '')
    return (
      <Empty icon="search" title="No schedule fits this filter">
        <Button onPress={onClear} className="mt-2">
          Show all schedules
        </Button>
      </Empty>
    );
  return (
    <Empty icon="schedules" title={`There is no schedule in ${ns}`}>
      <p>A schedule starts workflows at times that it names. Create one here, from a program, or from a shell:</p>
      <Command text={`temporal schedule create --namespace ${ns} --schedule-id often --interval 10s --type Greeting --task-queue greetings`} />
    </Empty>
  );
}
