// Task queues: who waits for whom.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { ApiError } from '../api/client';
import * as klamm from '../api/klamm';
import { Badge, Button, Command, Empty, Failed, Loading, Note, PageHeader } from '../components/basics';
import { type Column, Grid } from '../components/grid';
import { QueueLink } from '../components/links';
import { humanDuration } from '../lib/duration';
import { words } from '../lib/words';

const route = getRouteApi('/namespaces/$ns/task-queues');

export function TaskQueuesPage() {
  const { ns } = route.useParams();
  const [sticky, setSticky] = useState(false);
  const list = useQuery({ queryKey: ['task-queues', ns], queryFn: ({ signal }) => klamm.taskQueues(ns, signal), refetchInterval: 2000, retry: false });
  const rows = useMemo(() => (list.data?.taskQueues ?? []).filter((queue) => sticky || queue.kind !== 'sticky'), [list.data, sticky]);
  const columns = useMemo(() => columnsOf(ns), [ns]);
  return (
    <div className="flex h-dvh flex-col max-md:h-[calc(100dvh-2.75rem)]">
      <PageHeader title="Task queues" count={list.data ? rows.length : undefined}>
        <Button kind="quiet" aria-pressed={sticky} onPress={() => setSticky(!sticky)}>
          {sticky ? 'Hide sticky queues' : 'Show sticky queues'}
        </Button>
      </PageHeader>
      {list.data?.truncated && (
        <div className="pb-3">
          <Note tone="amber" title="These are not all">
            The thousand with the most tasks are shown.
          </Note>
        </div>
      )}
      {list.error && !list.data ? (
        list.error instanceof ApiError && list.error.isUnimplemented ? (
          <Lookup ns={ns} />
        ) : (
          <Failed error={list.error} what={`The task queues of ${ns}`} retry={() => void list.refetch()} />
        )
      ) : list.isPending ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid
          label="Task queues"
          className="mb-4 min-h-0"
          rows={rows}
          columns={columns}
          rowKey={(row) => `${row.type} ${row.name}`}
          empty={
            <Empty icon="queues" title={`No task queue is in use in ${ns}`}>
              <p>A queue is here as soon as a worker polls it or a task waits in it.</p>
              <Command text={`temporal workflow start --namespace ${ns} --type Greeting --task-queue greetings`} />
            </Empty>
          }
        />
      )}
    </div>
  );
}

function columnsOf(ns: string): Column<klamm.TaskQueueEntry>[] {
  return [
    { id: 'name', header: 'Task queue', width: 'minmax(12rem, 2fr)', cell: (row) => <QueueLink ns={ns} queue={row.name} className="font-medium" />, sort: (row) => row.name },
    { id: 'type', header: 'Tasks of', width: '8rem', cell: (row) => words(row.type === 'workflow' ? 'workflows' : row.type === 'activity' ? 'activities' : row.type), sort: (row) => row.type },
    { id: 'backlog', header: 'Waiting tasks', width: '8rem', align: 'right', cell: (row) => <span className={row.backlogCount > 0 ? 'font-semibold' : 'text-ink-3'}>{row.backlogCount.toLocaleString('en')}</span>, sort: (row) => row.backlogCount },
    { id: 'age', header: 'Oldest waits', width: '7rem', align: 'right', cell: (row) => (row.backlogCount > 0 && row.backlogAgeMs ? humanDuration(row.backlogAgeMs) : ''), sort: (row) => row.backlogAgeMs ?? 0 },
    { id: 'pollers', header: 'Pollers', width: '6rem', align: 'right', cell: (row) => row.pollers.toLocaleString('en'), sort: (row) => row.pollers },
    {
      id: 'state',
      header: '',
      width: 'minmax(9rem, 1fr)',
      cell: (row) => (row.backlogCount > 0 && row.pollers === 0 ? <Badge tone="red">no worker</Badge> : row.kind === 'sticky' ? <Badge>sticky</Badge> : null),
    },
  ];
}

/** Servers that do not list their queues can be asked for one. */
function Lookup({ ns }: { ns: string }) {
  const [name, setName] = useState('');
  const navigate = useNavigate();
  return (
    <form
      className="card flex max-w-xl flex-wrap items-center gap-2 p-4"
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ to: '/namespaces/$ns/task-queues/$queue', params: { ns, queue: name } });
      }}
    >
      <label className="w-full font-semibold" htmlFor="queue">
        This server does not list its task queues. Which one?
      </label>
      <input id="queue" required value={name} onChange={(event) => setName(event.target.value)} className="h-8 flex-1 rounded-md border border-line-strong bg-surface px-2" />
      <Button kind="primary" type="submit">
        Show
      </Button>
    </form>
  );
}
