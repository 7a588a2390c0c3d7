// All topics of klamm's log.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import * as klamm from '../api/klamm';
import { Failed, Loading, PageHeader } from '../components/basics';
import { type Column, Grid } from '../components/grid';

const COLUMNS: Column<klamm.Topic>[] = [
  {
    id: 'name',
    header: 'Topic',
    width: 'minmax(12rem, 1fr)',
    cell: (topic) => (
      <Link to="/topics/$topic" params={{ topic: topic.shortName || topic.name }} className="link font-medium">
        {topic.name}
      </Link>
    ),
    sort: (topic) => topic.name,
  },
  { id: 'what', header: 'What is on it', width: 'minmax(14rem, 2fr)', cell: (topic) => <span title={topic.description}>{topic.description}</span> },
  { id: 'partitions', header: 'Partitions', width: '6rem', align: 'right', cell: (topic) => topic.partitionCount, sort: (topic) => topic.partitionCount },
  { id: 'cleanup', header: 'Old records', width: '9rem', cell: (topic) => topic.cleanup },
  { id: 'type', header: 'Value', width: 'minmax(11rem, 1fr)', cell: (topic) => <code className="font-mono text-xs text-ink-2">{topic.valueType}</code> },
];

export function TopicsPage() {
  const list = useQuery({ queryKey: ['topics'], queryFn: ({ signal }) => klamm.topics(signal), retry: false, refetchInterval: ({ state }) => (state.error ? 3000 : false) });
  return (
    <>
      <PageHeader title="Topics" count={list.data?.topics.length} />
      <p className="-mt-1 max-w-prose pb-3 text-ink-2">Everything that klamm knows is on these topics. Any consumer can read them: records are Avro, and their schemas are served here.</p>
      {list.error && !list.data ? (
        <Failed error={list.error} what="The topics" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid label="Topics" rows={list.data.topics} columns={COLUMNS} rowKey={(topic) => topic.name} rowHeight={38} empty={null} />
      )}
    </>
  );
}
