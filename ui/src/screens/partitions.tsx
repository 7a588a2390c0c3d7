// Partitions with their owners, and the processes that could own them.
import { useQuery } from '@tanstack/react-query';
import * as klamm from '../api/klamm';
import { Badge, Copyable, Failed, Loading, PageHeader, Section, Time } from '../components/basics';
import { type Column, Grid } from '../components/grid';
import { humanDuration } from '../lib/duration';
import { words } from '../lib/words';

export function PartitionsPage() {
  const list = useQuery({ queryKey: ['partitions'], queryFn: ({ signal }) => klamm.partitions(signal), refetchInterval: 2000, retry: false });
  const members = useQuery({ queryKey: ['members'], queryFn: ({ signal }) => klamm.members(signal), refetchInterval: 2000, retry: false });
  return (
    <>
      <PageHeader title="Partitions" count={list.data?.partitions.length} />
      <div className="space-y-4">
        {list.error && !list.data ? (
          <Failed error={list.error} what="The partitions" retry={() => void list.refetch()} />
        ) : !list.data ? (
          <div className="card">
            <Loading />
          </div>
        ) : (
          <Grid label="Partitions" className="max-h-[70vh]" rows={list.data.partitions} columns={PARTITIONS} rowKey={(row) => String(row.partition)} empty={null} />
        )}
        {members.data && (
          <Section title="Members" count={members.data.members.length}>
            <Grid label="Members" className="rounded-none! border-0!" rows={members.data.members} columns={MEMBERS} rowKey={(row) => row.member} empty={<p className="px-3 py-2 text-ink-3">No process has said that it is there.</p>} />
          </Section>
        )}
      </div>
    </>
  );
}

const number = (value: number | undefined) => (value ?? 0).toLocaleString('en');

const PARTITIONS: Column<klamm.Partition>[] = [
  { id: 'partition', header: 'Partition', width: '5rem', cell: (row) => row.partition, sort: (row) => row.partition },
  { id: 'state', header: 'State', width: '6.5rem', cell: (row) => (row.failure ? <Badge tone="red">stopped</Badge> : row.owner ? <Badge tone="green">works</Badge> : <Badge tone="amber">no owner</Badge>) },
  { id: 'owner', header: 'Owner', width: 'minmax(10rem, 1fr)', cell: (row) => <span className="font-mono text-xs">{row.owner}</span>, sort: (row) => row.owner ?? '' },
  { id: 'since', header: 'Since', width: '9.5rem', cell: (row) => <Time value={row.ownerSince} /> },
  { id: 'committed', header: 'Committed', width: '7rem', align: 'right', cell: (row) => number(row.committed), sort: (row) => row.committed },
  { id: 'lag', header: 'Not committed', width: '7rem', align: 'right', cell: (row) => <span className={row.lag > 0 ? 'font-semibold' : 'text-ink-3'}>{number(row.lag)}</span>, sort: (row) => row.lag },
  { id: 'visibility', header: 'List behind', width: '7rem', align: 'right', cell: (row) => <span className={row.visibilityLag ? 'font-semibold' : 'text-ink-3'}>{number(row.visibilityLag)}</span>, sort: (row) => row.visibilityLag ?? 0 },
  { id: 'takeover', header: 'Take-over at', width: '7rem', align: 'right', cell: (row) => number(row.takeOverOffset) },
  { id: 'failure', header: '', width: 'minmax(4rem, 2fr)', cell: (row) => <span className="text-red">{row.failure}</span> },
];

const MEMBERS: Column<klamm.Member>[] = [
  { id: 'standing', header: 'Standing', width: '7rem', cell: (row) => <Badge tone={row.standing === 'owner' ? 'green' : row.standing === 'unable' || !row.alive ? 'red' : 'grey'}>{words(row.standing)}</Badge> },
  { id: 'address', header: 'Address', width: 'minmax(10rem, 1fr)', cell: (row) => <span className="font-mono text-xs">{row.address}</span> },
  { id: 'member', header: 'Member', width: 'minmax(12rem, 1fr)', cell: (row) => <Copyable text={row.member} what="the member's id" /> },
  { id: 'beat', header: 'Last beat', width: '9rem', cell: (row) => (row.lastBeat ? `${humanDuration(row.ageMs ?? 0)} ago` : <span className="text-ink-3">alone</span>) },
  { id: 'self', header: '', width: '8rem', cell: (row) => row.self && <span className="text-ink-3">this process</span> },
];
