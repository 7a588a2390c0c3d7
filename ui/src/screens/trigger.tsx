// One trigger: how far it is, what came of its records, its declaration, and its dead letters.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import * as klamm from '../api/klamm';
import { Badge, Button, Command, Copy, Fact, Facts, Failed, Loading, Note, PageHeader, Section, Time } from '../components/basics';
import { ActionDialog, Choice, Field, useDialogs } from '../components/dialogs';
import { Up } from '../components/links';
import { TriggerState } from './triggers';

const route = getRouteApi('/triggers/$trigger');
const LETTERS = 100;
const number = (value: number) => value.toLocaleString('en');

export function TriggerPage() {
  const { trigger: name } = route.useParams();
  const described = useQuery({ queryKey: ['trigger', name], queryFn: ({ signal }) => klamm.trigger(name, signal), retry: false, refetchInterval: 2000 });
  const dialogs = useDialogs<'pause' | 'resume' | 'replay'>();
  const trigger = described.data;
  const again = () => void described.refetch();
  return (
    <>
      <Up>
        <Link to="/triggers">Triggers</Link>
      </Up>
      <PageHeader title={name}>
        {trigger && (
          <>
            <Button icon={trigger.paused ? 'play' : 'pause'} onPress={() => dialogs.show(trigger.paused ? 'resume' : 'pause')}>
              {trigger.paused ? 'Resume' : 'Pause'}
            </Button>
            <Button icon="refresh" onPress={() => dialogs.show('replay')}>
              Read anew
            </Button>
          </>
        )}
      </PageHeader>
      {described.error && !trigger ? (
        <Failed error={described.error} what={`Trigger ${name}`} retry={again} />
      ) : !trigger ? (
        <Loading />
      ) : (
        <div className="space-y-3">
          {trigger.paused && (
            <Note tone="amber" title="Paused">
              {trigger.pauseReason || 'No reason was given.'}
            </Note>
          )}
          {trigger.problem && (
            <Note tone="amber" title="It waits">
              {trigger.problem}
            </Note>
          )}
          <Status trigger={trigger} />
          <div className="grid grid-cols-1 items-start gap-3 xl:grid-cols-2">
            <Section title="Declaration" actions={<Copy text={trigger.declaration} what="the declaration" />}>
              <pre tabIndex={0} aria-label="Text of the declaration" className="max-h-96 overflow-auto px-3 py-2 font-mono text-xs">
                {trigger.declaration.trim()}
              </pre>
            </Section>
            <Partitions trigger={trigger} />
          </div>
          <DeadLetters name={name} count={trigger.counts.deadLettered} />
        </div>
      )}
      <PauseDialog name={name} {...dialogs.props('pause')} onDone={again} />
      <ActionDialog title="Resume the trigger" verb="Resume" act={() => klamm.resumeTrigger(name)} {...dialogs.props('resume')} onDone={again}>
        <p className="text-ink-2">It goes on where it stopped.</p>
      </ActionDialog>
      <ReplayDialog name={name} {...dialogs.props('replay')} onDone={again} />
    </>
  );
}

function Status({ trigger }: { trigger: klamm.Trigger }) {
  const { counts } = trigger;
  return (
    <Section title="What came of its records">
      <Facts className="px-3 py-2.5">
        <Fact name="State">
          <TriggerState trigger={trigger} />
        </Fact>
        <Fact name="Topic">{trigger.topic}</Fact>
        <Fact name="Namespace">
          <Link to="/namespaces/$ns/workflows" params={{ ns: trigger.namespace }} className="link">
            {trigger.namespace}
          </Link>
        </Fact>
        <Fact name="Lag">{number(trigger.lag)}</Fact>
        {trigger.oldestRecordTime && (
          <Fact name="Oldest that waits">
            <Time value={trigger.oldestRecordTime} long />
          </Fact>
        )}
        <Fact name="Started">{number(counts.started)}</Fact>
        <Fact name="Signalled">{number(counts.signalled)}</Fact>
        <Fact name="Filtered">{number(counts.filtered)}</Fact>
        <Fact name="Suppressed">{number(counts.suppressed)}</Fact>
        <Fact name="Held">{number(counts.held)}</Fact>
        <Fact name="Dead letters">{number(counts.deadLettered)}</Fact>
        <Fact name="Last effect">{trigger.lastEffectTime ? <Time value={trigger.lastEffectTime} long /> : <span className="text-ink-3">none yet</span>}</Fact>
        <Fact name="Declared">
          <Time value={trigger.updateTime ?? undefined} long />
        </Fact>
        {trigger.startAt && <Fact name="Read anew from">{trigger.startAt}</Fact>}
      </Facts>
    </Section>
  );
}

function Partitions({ trigger }: { trigger: klamm.Trigger }) {
  return (
    <Section title="Partitions of its topic" count={trigger.partitions.length}>
      {trigger.partitions.length === 0 ? (
        <p className="px-3 py-2 text-ink-3">No partition is being read by this server.</p>
      ) : (
        <div className="max-h-96 overflow-auto" tabIndex={0} role="group" aria-label="Positions">
          <table className="w-full">
            <thead>
              <tr className="eyebrow">
                <th className="px-3 pt-2 text-left font-medium">Partition</th>
                <th className="px-3 pt-2 text-right font-medium">Next</th>
                <th className="px-3 pt-2 text-right font-medium">End</th>
                <th className="px-3 pt-2 text-right font-medium">Lag</th>
              </tr>
            </thead>
            <tbody>
              {trigger.partitions.map(({ partition, next, end, lag }) => (
                <tr key={partition} className="border-t border-line/60">
                  <td className="px-3 py-1">{partition}</td>
                  <td className="px-3 py-1 text-right">{number(next)}</td>
                  <td className="px-3 py-1 text-right">{number(end)}</td>
                  <td className="px-3 py-1 text-right">{number(lag)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function DeadLetters({ name, count }: { name: string; count: number }) {
  const letters = useQuery({ queryKey: ['dead-letters', name, count], queryFn: ({ signal }) => klamm.deadLetters(name, LETTERS, signal), retry: false });
  const found = letters.data?.deadLetters ?? [];
  return (
    <Section title="Dead letters" count={letters.data ? found.length : undefined}>
      {letters.error ? (
        <Failed error={letters.error} what="The dead letters" retry={() => void letters.refetch()} />
      ) : !letters.data ? (
        <Loading rows={2} />
      ) : found.length === 0 ? (
        <p className="px-3 py-2 text-ink-3">None: every record could be used.</p>
      ) : (
        <>
          <ul className="divide-y divide-line" aria-label="Dead letters">
            {found.map((letter) => (
              <Letter key={`${letter.partition}/${letter.offset}`} letter={letter} />
            ))}
          </ul>
          {found.length === LETTERS && <p className="px-3 py-1.5 text-ink-3">There may be more: these are the first {LETTERS}.</p>}
          <div className="border-t border-line px-3 py-2">
            <p className="pb-1 text-ink-2">Once the declaration is mended, this has them take effect, each once:</p>
            <Command text={`klamm dlq replay ${name}`} />
          </div>
        </>
      )}
    </Section>
  );
}

function Letter({ letter }: { letter: klamm.DeadLetter }) {
  const { source, rule, replayed } = letter;
  return (
    <li className="px-3 py-1.5">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Badge tone={replayed ? 'green' : 'amber'}>{replayed ? `replayed: ${replayed}` : letter.class}</Badge>
        <span className="min-w-0 break-words">{letter.message}</span>
      </p>
      <p className="pt-0.5 text-xs text-ink-3">
        <Time value={letter.timestamp} />
        {` · ${rule ? `rule ${rule} · ` : ''}${source.topic} ${source.partition}/${source.offset} · key ${shown(letter.key)}`}
      </p>
      <code className="block max-h-24 overflow-hidden pt-0.5 font-mono text-xs break-all text-ink-2">{letter.valueBytes ? `${number(letter.valueBytes)} bytes, too many to be kept` : shown(letter.value)}</code>
    </li>
  );
}

const SHOWN = 500;
const shown = (bytes: klamm.Shown | null): string => {
  const text = bytes === null ? 'none' : (bytes.text ?? `base64 ${bytes.base64}`);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
};

interface DialogProps {
  name: string;
  isOpen: boolean;
  onClose: () => void;
  onDone: () => void;
}

function PauseDialog({ name, ...props }: DialogProps) {
  const [reason, setReason] = useState('');
  return (
    <ActionDialog title="Pause the trigger" verb="Pause" act={() => klamm.pauseTrigger(name, reason)} {...props}>
      <p className="text-ink-2">Nothing is read until it is resumed. What was read has taken effect.</p>
      <Field label="Reason" value={reason} onChange={setReason} autoFocus />
    </ActionDialog>
  );
}

const PLACES = [
  { id: 'earliest', text: 'the oldest record' },
  { id: 'latest', text: 'the end: pass over what is there' },
  { id: 'time', text: 'a time' },
];

function ReplayDialog({ name, ...props }: DialogProps) {
  const [place, setPlace] = useState('earliest');
  const [time, setTime] = useState('');
  const from = place === 'time' ? time : place;
  return (
    <ActionDialog title="Read the topic anew" verb="Read anew" act={() => klamm.replayTrigger(name, from)} {...props}>
      <p className="text-ink-2">A record that has had its effect on the newest run of its workflow id has no second one.</p>
      <Choice label="Beginning with" value={place} onChange={setPlace} options={PLACES} />
      {place === 'time' && <Field label="Time" value={time} onChange={setTime} mono isRequired placeholder="2026-11-01T00:00Z" />}
    </ActionDialog>
  );
}
