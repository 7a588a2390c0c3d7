// A topic's records, as they come and as they were.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import * as klamm from '../api/klamm';
import { Badge, Button, Copy, Empty, Failed, Loading, Note, PageHeader, Time, classes } from '../components/basics';
import { Choice } from '../components/dialogs';
import { Icon } from '../components/icons';
import { Up } from '../components/links';
import { Code } from '../components/payloads';

const route = getRouteApi('/topics/$topic');
/** Records that stay in the page. */
const KEPT = 1000;
const TAIL = 50;
const PAGE = 100;

export function TopicPage() {
  const { topic: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const described = useQuery({ queryKey: ['topic', name], queryFn: ({ signal }) => klamm.topic(name, signal), retry: false, refetchInterval: 5000 });
  const partition = search.partition === undefined ? undefined : Number(search.partition);
  const offset = search.offset === undefined ? undefined : Number(search.offset);
  const change = (part: typeof search) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const up = (
    <Up>
      <Link to="/topics">Topics</Link>
    </Up>
  );
  if (!described.data)
    return (
      <>
        {up}
        <div className="pt-4">{described.error ? <Failed error={described.error} what={`Topic ${name}`} retry={() => void described.refetch()} /> : <Loading />}</div>
      </>
    );
  const topic = described.data;
  const partitions = topic.partitions ?? [];
  const records = partitions.reduce((sum, each) => sum + each.nextOffset - each.firstOffset, 0);
  return (
    <div className="flex h-dvh flex-col max-md:h-auto">
      {up}
      <PageHeader title={topic.name} count={`${records.toLocaleString('en')} offsets in ${topic.partitionCount} partitions`}>
        <Filters key={`${search.key ?? ''} ${search.offset ?? ''}`} partitions={partitions} partition={search.partition} keyText={search.key ?? ''} offset={search.offset ?? ''} onChange={change} />
      </PageHeader>
      <p className="-mt-2 pb-2 text-ink-2">{topic.description}</p>
      {offset === undefined ? (
        <Live key={`${name} ${search.partition} ${search.key}`} name={name} partition={partition} keyText={search.key} />
      ) : (
        <Seek name={name} partition={partition ?? 0} keyText={search.key} offset={offset} onOffset={(next) => change({ offset: String(next) })} />
      )}
    </div>
  );
}

interface FiltersProps {
  partitions: { partition: number; firstOffset: number; nextOffset: number }[];
  partition: string | undefined;
  keyText: string;
  offset: string;
  onChange: (part: { partition?: string; key?: string; offset?: string }) => void;
}

function Filters({ partitions, partition, keyText, offset, onChange }: FiltersProps) {
  const [key, setKey] = useState(keyText);
  const [from, setFrom] = useState(offset);
  const options = [
    { id: '', text: 'All partitions' },
    ...partitions.map((each) => ({ id: String(each.partition), text: `Partition ${each.partition}`, hint: `offsets ${each.firstOffset} to ${each.nextOffset - 1}` })),
  ];
  const field = 'h-8 rounded-md border border-line-strong bg-surface px-2 outline-none placeholder:text-ink-3 focus:border-accent';
  return (
    <form
      className="flex flex-wrap items-center gap-1.5"
      onSubmit={(event) => {
        event.preventDefault();
        // Offsets count within one partition.
        onChange({ key, offset: from, ...(from !== '' && !partition ? { partition: '0' } : {}) });
      }}
    >
      <div className="w-40">
        <Choice hidden label="Partition" value={partition ?? ''} onChange={(id) => onChange({ partition: id, ...(id === '' ? { offset: '' } : {}) })} options={options} />
      </div>
      <input aria-label="Key contains" placeholder="Key contains" value={key} onChange={(event) => setKey(event.target.value)} className={classes(field, 'w-44')} />
      <input aria-label="From offset" placeholder="From offset" inputMode="numeric" pattern="\d*" value={from} onChange={(event) => setFrom(event.target.value)} className={classes(field, 'w-28')} />
      <Button type="submit">Show</Button>
      {offset !== '' && (
        <Button kind="quiet" icon="live" onPress={() => onChange({ offset: '' })}>
          Live
        </Button>
      )}
    </form>
  );
}

type Standing = 'connecting' | 'live' | 'paused' | 'away';

function Live({ name, partition, keyText }: { name: string; partition: number | undefined; keyText: string | undefined }) {
  const [records, setRecords] = useState<klamm.LogRecord[]>([]);
  const [standing, setStanding] = useState<Standing>('connecting');
  const [isPaused, setPaused] = useState(false);
  const seen = useRef(new Set<string>());
  useEffect(() => {
    if (isPaused) {
      setStanding('paused');
      return;
    }
    const source = new EventSource(klamm.tailAddress(name, { partition, key: keyText, tail: TAIL }));
    // Many records may come at once: the page changes once per frame.
    let waiting: klamm.LogRecord[] = [];
    let frame = 0;
    const flush = () => {
      frame = 0;
      const fresh = waiting.reverse();
      waiting = [];
      setRecords((old) => [...fresh, ...old].slice(0, KEPT));
    };
    source.addEventListener('open', () => setStanding('live'));
    source.addEventListener('error', () => setStanding('away'));
    source.addEventListener('record', (event: MessageEvent<string>) => {
      const record = JSON.parse(event.data) as klamm.LogRecord;
      const id = `${record.partition}/${record.offset}`;
      // A reconnect begins with the last records again.
      if (seen.current.has(id)) return;
      seen.current.add(id);
      waiting.push(record);
      frame ||= requestAnimationFrame(flush);
    });
    return () => {
      source.close();
      cancelAnimationFrame(frame);
    };
  }, [name, partition, keyText, isPaused]);
  const words = { connecting: 'Connecting…', live: 'Live', paused: 'Paused', away: 'klamm does not answer; trying again' }[standing];
  return (
    <>
      <div className="flex items-center gap-2 pb-2">
        <Badge tone={standing === 'live' ? 'green' : standing === 'away' ? 'red' : 'grey'}>
          <Icon name={standing === 'paused' ? 'pause' : 'live'} size={13} />
          <span role="status">{words}</span>
        </Badge>
        <Button kind="quiet" icon={isPaused ? 'play' : 'pause'} onPress={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </Button>
        <span className="text-xs text-ink-3">Newest first; the last {KEPT.toLocaleString('en')} stay here.</span>
      </div>
      <Records records={records} isEmpty={standing === 'live' && records.length === 0} keyText={keyText} />
    </>
  );
}

function Seek({ name, partition, keyText, offset, onOffset }: { name: string; partition: number; keyText: string | undefined; offset: number; onOffset: (next: number) => void }) {
  const page = useQuery({
    queryKey: ['records', name, partition, keyText, offset],
    queryFn: ({ signal }) => klamm.records(name, { partition, key: keyText, offset, limit: PAGE }, signal),
    retry: false,
  });
  if (page.error)
    return page.error instanceof ApiError && page.error.code === 11 ? (
      <Note tone="amber" title="There is no such offset">
        {page.error.message}
      </Note>
    ) : (
      <Failed error={page.error} what="The records" retry={() => void page.refetch()} />
    );
  if (!page.data) return <Loading />;
  const next = page.data.next?.[String(partition)];
  const hasMore = page.data.records.length >= PAGE && next !== undefined;
  return (
    <>
      <div className="flex items-center gap-2 pb-2">
        <Button icon="back" isDisabled={offset === 0} onPress={() => onOffset(Math.max(0, offset - PAGE))}>
          Earlier
        </Button>
        <Button isDisabled={!hasMore} onPress={() => onOffset(next!)}>
          Later
        </Button>
        <span className="text-xs text-ink-3">
          Partition {partition}, from offset {offset}
        </span>
      </div>
      <Records records={page.data.records} isEmpty={page.data.records.length === 0} keyText={keyText} />
    </>
  );
}

function Records({ records, isEmpty, keyText }: { records: klamm.LogRecord[]; isEmpty: boolean; keyText: string | undefined }) {
  const [open, setOpen] = useState<string>();
  const shown = useMemo(() => records.slice(0, KEPT), [records]);
  if (isEmpty)
    return (
      <div className="card">
        <Empty icon="topics" title={keyText ? `No record whose key contains “${keyText}”` : 'There is no record'}>
          Records appear here as soon as they are written.
        </Empty>
      </div>
    );
  return (
    <ol className="card mb-4 min-h-0 overflow-auto" aria-label="Records">
      {shown.map((record) => {
        const id = `${record.partition}/${record.offset}`;
        const isOpen = id === open;
        return (
          // What is out of sight is not laid out.
          <li key={id} className="border-b border-line/60 [contain-intrinsic-size:auto_32px] [content-visibility:auto]">
            <button type="button" aria-expanded={isOpen} onClick={() => setOpen(isOpen ? undefined : id)} className={classes('flex h-8 w-full items-center gap-3 px-3 text-left hover:bg-hover', isOpen && 'bg-hover')}>
              <span className="w-20 shrink-0 font-mono text-xs text-ink-3">{id}</span>
              <span className="w-36 shrink-0 text-xs text-ink-2 max-md:hidden">
                <Time value={record.timestamp} />
              </span>
              <span className="max-w-[45%] shrink-0 truncate font-mono text-xs">{record.key}</span>
              <span className="min-w-0 flex-1 truncate font-mono text-xs text-ink-3">
                {record.tombstone ? 'removed' : record.decodeError ? record.decodeError : JSON.stringify(record.value)}
              </span>
              <span className="shrink-0 text-xs text-ink-3">{record.bytes.toLocaleString('en')} B</span>
            </button>
            {isOpen && (
              <div className="border-t border-line/60 bg-page">
                <p className="flex items-center gap-1 px-3 pt-2 text-xs text-ink-2">
                  Key <code className="font-mono break-all">{record.key}</code>
                  <Copy text={record.key ?? ''} what="the key" />
                </p>
                {record.decodeError && <p className="px-3 pt-1 text-red">{record.decodeError}</p>}
                <Code json text={JSON.stringify(record.value, null, 2) ?? 'null'} label="Value" />
                {record.headers && Object.keys(record.headers).length > 0 && (
                  <details className="px-3 pb-2 text-xs">
                    <summary className="w-fit cursor-pointer text-ink-2">Headers</summary>
                    <Code json text={JSON.stringify(record.headers, null, 2)} label="Headers" />
                  </details>
                )}
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}
