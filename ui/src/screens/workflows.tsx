// The list of runs.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { ApiError } from '../api/client';
import type { WorkflowExecutionInfo } from '../api/messages';
import * as temporal from '../api/temporal';
import { Button, Command, Copy, Elapsed, Empty, Failed, Loading, Note, PageHeader, Time, classes } from '../components/basics';
import { FilterBox } from '../components/filter-box';
import { type Column, Grid } from '../components/grid';
import { QueueLink, RunLink } from '../components/links';
import { Dot, Status, statusWords } from '../components/status';
import type { StatusCount } from '../lib/counts';
import { equalTo, SYSTEM_ATTRIBUTES, toFilter, withEqual } from '../lib/filter';
import { inOneLine } from '../lib/payload';
import { useSettings } from '../lib/settings';
import { plural } from '../lib/words';
import { ColumnChoice } from './workflows/columns';
import { SavedFilters } from './workflows/saved-filters';
import { SELECT_COLUMN, SelectionBar, SelectionProvider, useSelection } from './workflows/selection';
import { StartDialog } from './workflows/start-dialog';
import { useCounts } from './workflows/use-counts';

const route = getRouteApi('/namespaces/$ns/workflows');
/** Runs that are there at first, and those of each page that comes as one scrolls. */
const PAGE = 100;
const NEXT_PAGE = 500;
const REFRESH_MS = 3000;

export function WorkflowsPage() {
  const { ns } = route.useParams();
  const { query = '', start } = route.useSearch();
  const navigate = route.useNavigate();
  const { columns: chosen } = useSettings();
  const filterWith = (next: string) => void navigate({ search: next === '' ? {} : { query: next } });

  const attributes = useQuery({ queryKey: ['search-attributes', ns], queryFn: ({ signal }) => temporal.searchAttributes(ns, signal), staleTime: 60_000 });
  const custom = useMemo(() => customAttributes(attributes.data?.customAttributes), [attributes.data]);
  const list = useInfiniteQuery({
    queryKey: ['workflows', ns, query],
    queryFn: ({ pageParam, signal }) => temporal.listWorkflows(ns, query, pageParam, pageParam === '' ? PAGE : NEXT_PAGE, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
    placeholderData: keepPreviousData,
    // Once more pages are there, a refresh would fetch all of them: the list then stays as it is until it is asked anew.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
  });
  const counts = useCounts(ns, query, !list.error && list.data !== undefined && !list.isPlaceholderData);

  // A run may stand on two pages when it changed between their requests.
  const rows = useMemo(() => {
    const byRun = new Map<string, WorkflowExecutionInfo>();
    for (const page of list.data?.pages ?? []) for (const info of page.executions ?? []) byRun.set(info.execution?.runId ?? '', info);
    return [...byRun.values()];
  }, [list.data]);
  const columns = useMemo(() => [SELECT_COLUMN, ...columnsOf(ns, chosen, custom)], [ns, chosen, custom]);
  const selection = useSelection(`${ns} ${query}`, rows);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const refresh = () => {
    void list.refetch();
    counts.refetch();
  };
  useShortcut('/', () => document.querySelector<HTMLInputElement>('[data-filter]')?.focus());
  useShortcut('r', refresh);
  const count = counts.total;
  const refused = list.error instanceof ApiError && list.error.code === 3 && query !== '' ? list.error : undefined;

  return (
    <div className="flex h-dvh flex-col max-md:h-[calc(100dvh-2.75rem)]">
      <PageHeader title="Workflows" count={count === undefined ? undefined : count.toLocaleString('en')}>
        <Button kind="quiet" icon="refresh" aria-label="Refresh (r)" onPress={refresh} />
        <Button kind="primary" icon="plus" onPress={() => void navigate({ search: { ...(query ? { query } : {}), start: 'yes' } })}>
          Start a workflow
        </Button>
      </PageHeader>
      <div className="flex shrink-0 items-center gap-1.5">
        <FilterBox
          value={query}
          attributes={{ ...SYSTEM_ATTRIBUTES, ...custom }}
          placeholder="An id, a type, or a filter: WorkflowType = 'Order' AND StartTime > …   ( / )"
          onSubmit={(typed) => filterWith(toFilter(typed))}
        />
        <SavedFilters query={query} onChoose={filterWith} />
        <ColumnChoice chosen={chosen} custom={Object.keys(custom)} />
      </div>
      <StatusCounts counts={counts.statuses} query={query} onChoose={filterWith} />
      {refused ? (
        <Note tone="red" title="The server does not understand this filter">
          <p>{refused.message}</p>
          <p className="mt-1">
            A filter looks like <code className="font-mono text-xs">WorkflowType = 'Order' AND ExecutionStatus = 'Failed'</code>. What was typed is kept.
          </p>
        </Note>
      ) : list.error && rows.length === 0 ? (
        <Failed error={list.error} what={`The workflows of ${ns}`} retry={refresh} />
      ) : list.isPending ? (
        <div className="card">
          <Loading rows={12} />
        </div>
      ) : (
        <SelectionProvider selection={selection}>
        <SelectionBar ns={ns} query={query} count={count} selection={selection} />
        <Grid
          label="Workflows"
          className={classes('mb-4 min-h-0 transition-opacity', list.isPlaceholderData && 'opacity-60')}
          columns={columns}
          rows={rows}
          total={count}
          rowKey={(row) => row.execution?.runId ?? ''}
          onEnd={onEnd}
          empty={<NoWorkflows ns={ns} query={query} onClear={() => filterWith('')} />}
        />
        </SelectionProvider>
      )}
      <p role="status" className="sr-only">
        {count === undefined ? '' : plural(count, 'workflow')}
      </p>
      <StartDialog ns={ns} isOpen={start !== undefined} onClose={() => void navigate({ search: query ? { query } : {} })} />
    </div>
  );
}

/** Types of custom search attributes by name, as the filter box wants them. */
function customAttributes(given: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([name, type]) => {
      const word = type.replace('INDEXED_VALUE_TYPE_', '').toLowerCase();
      return [name, word === 'keyword_list' ? 'Keyword' : word.charAt(0).toUpperCase() + word.slice(1)];
    }),
  );
}

function columnsOf(ns: string, chosen: string[], custom: Record<string, string>): Column<WorkflowExecutionInfo>[] {
  const known: Record<string, Column<WorkflowExecutionInfo>> = {
    status: { id: 'status', header: 'Status', width: '8.5rem', cell: (row) => <Status status={row.status} /> },
    workflowId: {
      id: 'workflowId',
      header: 'Workflow id',
      width: 'minmax(12rem, 2.2fr)',
      cell: (row) => <RunLink ns={ns} id={row.execution?.workflowId ?? ''} run={row.execution?.runId} className="font-medium" />,
    },
    type: { id: 'type', header: 'Type', width: 'minmax(7rem, 1.2fr)', cell: (row) => <span title={row.type?.name}>{row.type?.name}</span> },
    runId: {
      id: 'runId',
      header: 'Run id',
      width: '8rem',
      cell: (row) => (
        <span className="inline-flex max-w-full items-center gap-0.5 font-mono text-xs text-ink-3">
          <span className="truncate">{row.execution?.runId?.slice(0, 13)}</span>
          <Copy text={row.execution?.runId ?? ''} what="the run id" />
        </span>
      ),
    },
    start: { id: 'start', header: 'Start', width: '9.5rem', cell: (row) => <Time value={row.startTime} /> },
    close: { id: 'close', header: 'End', width: '9.5rem', cell: (row) => <Time value={row.closeTime} /> },
    duration: { id: 'duration', header: 'Duration', width: '5.5rem', align: 'right', cell: (row) => <Elapsed from={row.executionTime ?? row.startTime} to={row.closeTime} /> },
    taskQueue: { id: 'taskQueue', header: 'Task queue', width: 'minmax(7rem, 1fr)', cell: (row) => <QueueLink ns={ns} queue={row.taskQueue ?? ''} /> },
    events: { id: 'events', header: 'Events', width: '5rem', align: 'right', cell: (row) => Number(row.historyLength ?? 0).toLocaleString('en') },
    parent: {
      id: 'parent',
      header: 'Parent',
      width: 'minmax(8rem, 1fr)',
      cell: ({ parentExecution: parent }) => (parent?.workflowId ? <RunLink ns={ns} id={parent.workflowId} run={parent.runId} /> : null),
    },
  };
  return chosen.flatMap((id) => {
    if (known[id]) return [known[id]];
    if (!(id in custom)) return [];
    return [{ id, header: id, width: 'minmax(7rem, 1fr)', cell: (row: WorkflowExecutionInfo) => attributeText(row, id) }];
  });
}

const attributeText = (row: WorkflowExecutionInfo, name: string): string => {
  const value = row.searchAttributes?.indexedFields?.[name];
  return value === undefined ? '' : inOneLine(value);
};

/** How many runs there are in each status, of those that the rest of the filter lets through. */
function StatusCounts({ counts, query, onChoose }: { counts: StatusCount[]; query: string; onChoose: (query: string) => void }) {
  const current = equalTo(query, 'ExecutionStatus');
  return (
    <div role="group" aria-label="By status" className="flex min-h-10 shrink-0 flex-wrap items-center gap-1 py-2">
      {counts.map(({ status, count }) => (
        <button
          key={status}
          type="button"
          aria-pressed={status === current}
          onClick={() => onChoose(withEqual(query, 'ExecutionStatus', status === current ? undefined : status))}
          className={classes(
            'inline-flex h-6 items-center gap-1.5 rounded-full border px-2.5 text-xs',
            status === current ? 'border-accent bg-accent-soft text-ink' : 'border-line bg-surface text-ink-2 hover:border-line-strong',
          )}
        >
          <Dot status={statusWords(status.replace(/([a-z])([A-Z])/g, '$1_$2'))} />
          {statusWords(status.replace(/([a-z])([A-Z])/g, '$1_$2'))}
          <span className="font-medium text-ink">{count.toLocaleString('en')}</span>
        </button>
      ))}
    </div>
  );
}

function NoWorkflows({ ns, query, onClear }: { ns: string; query: string; onClear: () => void }) {
  if (query !== '')
    return (
      <Empty icon="search" title="No workflow fits this filter">
        <Button onPress={onClear} className="mt-2">
          Show all workflows
        </Button>
      </Empty>
    );
  return (
    <Empty icon="workflows" title={`No workflow has been started in ${ns}`}>
      <p>Start one here, from a program with any Temporal SDK, or from a shell:</p>
      <Command text={`temporal workflow start --namespace ${ns} --type Greeting --task-queue greetings --input '"Ada"'`} />
    </Empty>
  );
}

/** Does something when a key is pressed outside of any field. */
function useShortcut(key: string, action: () => void): void {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== key || event.metaKey || event.ctrlKey || event.altKey || target.closest('input, textarea, select, [role="dialog"]')) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [key]);
}
