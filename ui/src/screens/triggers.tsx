// All triggers: which topics start and signal workflows, and how far they are.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import * as klamm from '../api/klamm';
import { Badge, Command, Empty, Failed, Loading, PageHeader, Time } from '../components/basics';
import { type Column, Grid } from '../components/grid';

const number = (value: number) => value.toLocaleString('en');

const COLUMNS: Column<klamm.Trigger>[] = [
  {
    id: 'name',
    header: 'Trigger',
    width: 'minmax(9rem, 1fr)',
    cell: (trigger) => (
      <Link to="/triggers/$trigger" params={{ trigger: trigger.name }} className="link font-medium" title={trigger.name}>
        {trigger.name}
      </Link>
    ),
    sort: (trigger) => trigger.name,
  },
  { id: 'state', header: 'State', width: '7rem', cell: (trigger) => <TriggerState trigger={trigger} />, sort: (trigger) => stateOf(trigger).text },
  { id: 'topic', header: 'Topic', width: 'minmax(10rem, 1.5fr)', cell: (trigger) => <span title={trigger.topic}>{trigger.topic}</span>, sort: (trigger) => trigger.topic },
  { id: 'namespace', header: 'Namespace', width: '8rem', cell: (trigger) => trigger.namespace, sort: (trigger) => trigger.namespace },
  { id: 'lag', header: 'Lag', width: '6rem', align: 'right', cell: (trigger) => number(trigger.lag), sort: (trigger) => trigger.lag },
  { id: 'started', header: 'Started', width: '6rem', align: 'right', cell: (trigger) => number(trigger.counts.started), sort: (trigger) => trigger.counts.started },
  { id: 'signalled', header: 'Signalled', width: '6rem', align: 'right', cell: (trigger) => number(trigger.counts.signalled), sort: (trigger) => trigger.counts.signalled },
  { id: 'dead', header: 'Dead letters', width: '7rem', align: 'right', cell: (trigger) => number(trigger.counts.deadLettered), sort: (trigger) => trigger.counts.deadLettered },
  { id: 'effect', header: 'Last effect', width: '9.5rem', cell: (trigger) => <Time value={trigger.lastEffectTime ?? undefined} />, sort: (trigger) => trigger.lastEffectTime ?? '' },
];

export function TriggersPage() {
  const list = useQuery({ queryKey: ['triggers'], queryFn: ({ signal }) => klamm.triggers(signal), retry: false, refetchInterval: 2000 });
  return (
    <>
      <PageHeader title="Triggers" count={list.data?.triggers.length} />
      <p className="-mt-1 max-w-prose pb-3 text-ink-2">Records of these topics start and signal workflows, each exactly once. Counts are since this server owns the partitions.</p>
      {list.error && !list.data ? (
        <Failed error={list.error} what="The triggers" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid
          label="Triggers"
          rows={list.data.triggers}
          columns={COLUMNS}
          rowKey={(trigger) => trigger.name}
          rowHeight={38}
          empty={
            <Empty icon="triggers" title="No trigger is declared">
              A trigger is a file that says which records of a topic start or signal which workflows.
              <Command text="klamm apply -f orders.yaml" />
            </Empty>
          }
        />
      )}
    </>
  );
}

type Tone = 'green' | 'amber' | 'grey';

function stateOf(trigger: klamm.Trigger): { text: string; tone: Tone } {
  if (trigger.paused) return { text: 'Paused', tone: 'grey' };
  return trigger.problem ? { text: 'Waits', tone: 'amber' } : { text: 'Reads', tone: 'green' };
}

export function TriggerState({ trigger }: { trigger: klamm.Trigger }) {
  const { text, tone } = stateOf(trigger);
  return (
    <span title={trigger.pauseReason ?? trigger.problem ?? ''}>
      <Badge tone={tone}>{text}</Badge>
    </span>
  );
}
