// One batch operation: how far it is, and what it is about.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { DescribeBatchOperationResponse } from '../api/messages';
import * as temporal from '../api/temporal';
import { Button, Copyable, Elapsed, Fact, Facts, Failed, Loading, Note, PageHeader, Section, Time } from '../components/basics';
import { ActionDialog, Field } from '../components/dialogs';
import { RunLink, Up } from '../components/links';
import { operationWords, shareOf } from '../lib/batch';
import { plural } from '../lib/words';
import { BatchState } from './batches';

const route = getRouteApi('/namespaces/$ns/batch-operations/$job');

export function BatchPage() {
  const { ns, job } = route.useParams();
  const described = useQuery({
    queryKey: ['batch', ns, job],
    queryFn: ({ signal }) => temporal.describeBatch(ns, job, signal),
    refetchInterval: ({ state }) => (state.data?.state === 'BATCH_OPERATION_STATE_RUNNING' || state.error ? 1000 : false),
  });
  const [stopping, setStopping] = useState(false);
  const operation = described.data;
  const isRunning = operation?.state === 'BATCH_OPERATION_STATE_RUNNING';
  return (
    <>
      <Up>
        <Link to="/namespaces/$ns/batch-operations" params={{ ns }}>
          Batch operations
        </Link>
      </Up>
      <PageHeader title={operation ? operationWords(operation.operationType) : job}>
        {isRunning && (
          <Button icon="stop" kind="danger" onPress={() => setStopping(true)}>
            Stop
          </Button>
        )}
      </PageHeader>
      {described.error && !operation ? (
        <Failed error={described.error} what={`Batch operation ${job}`} retry={() => void described.refetch()} />
      ) : !operation ? (
        <Loading />
      ) : (
        <div className="space-y-3">
          {described.error && <Failed error={described.error} what="The newest state" retry={() => void described.refetch()} />}
          <Progress operation={operation} isRunning={isRunning} />
          <Section title="The operation">
            <Facts className="px-3 py-2.5">
              <Fact name="State">
                <BatchState state={operation.state} />
              </Fact>
              <Fact name="Start">
                <Time value={operation.startTime} long />
              </Fact>
              <Fact name="End">{operation.closeTime ? <Time value={operation.closeTime} long /> : <span className="text-ink-3">not yet</span>}</Fact>
              <Fact name="Duration">
                <Elapsed from={operation.startTime} to={operation.closeTime} />
              </Fact>
              <Fact name="Started by">{operation.identity || '—'}</Fact>
              <Fact name="Reason">{operation.reason || '—'}</Fact>
              <Fact name="Id">
                <Copyable text={job} what="the id" />
              </Fact>
            </Facts>
          </Section>
          <Targets ns={ns} operation={operation} />
        </div>
      )}
      <StopDialog ns={ns} job={job} isOpen={stopping} onClose={() => setStopping(false)} onDone={() => void described.refetch()} />
    </>
  );
}

function Progress({ operation, isRunning }: { operation: DescribeBatchOperationResponse; isRunning: boolean }) {
  const { totalOperationCount: total, completeOperationCount: complete, failureOperationCount: failed } = operation;
  const share = shareOf(total, complete, failed);
  const failures = Number(failed ?? 0);
  if (operation.state === 'BATCH_OPERATION_STATE_FAILED')
    return (
      <Note tone="amber" title="Stopped or failed">
        What had been done until then stays done. Workflows that it did not reach are as they were.
      </Note>
    );
  const text =
    share === undefined
      ? isRunning
        ? 'The workflows are being counted.'
        : 'There was no workflow to do it to.'
      : `${Number(complete ?? 0).toLocaleString('en')} of ${plural(Number(total), 'workflow')} done${failures > 0 ? `, ${failures.toLocaleString('en')} failed` : ''}`;
  return (
    <div className="card px-3 py-2.5">
      <div
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={text}
        {...(share === undefined ? {} : { 'aria-valuenow': Math.round(share * 100) })}
        className="flex h-2 overflow-hidden rounded bg-grey-soft"
      >
        {share !== undefined && (
          <svg width="100%" height="8" aria-hidden="true" preserveAspectRatio="none">
            <rect width={`${share * 100}%`} height="8" className={failures > 0 ? 'fill-amber' : 'fill-green'} />
          </svg>
        )}
      </div>
      <p role="status" className="mt-1.5">
        {text}
      </p>
      {failures > 0 && <p className="text-xs text-ink-3">Runs that were over or gone when their turn came count as failed.</p>}
    </div>
  );
}

const SHOWN = 200;

function Targets({ ns, operation: { query, executions = [] } }: { ns: string; operation: DescribeBatchOperationResponse }) {
  if (query)
    return (
      <Section
        title="All that match"
        actions={
          <Link to="/namespaces/$ns/workflows" params={{ ns }} search={{ query }} className="link">
            Those that match now
          </Link>
        }
      >
        <code className="block px-3 py-2 font-mono text-xs break-words">{query}</code>
      </Section>
    );
  return (
    <Section title="The workflows" count={executions.length}>
      <ul className="max-h-96 divide-y divide-line overflow-auto" tabIndex={0} aria-label="Workflows of the operation">
        {executions.slice(0, SHOWN).map(({ businessId, runId }) => (
          <li key={runId || businessId} className="px-3 py-1">
            <RunLink ns={ns} id={businessId ?? ''} run={runId} />
          </li>
        ))}
      </ul>
      {executions.length > SHOWN && <p className="px-3 py-1.5 text-ink-3">and {(executions.length - SHOWN).toLocaleString('en')} more</p>}
    </Section>
  );
}

function StopDialog({ ns, job, ...props }: { ns: string; job: string; isOpen: boolean; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState('');
  return (
    <ActionDialog title="Stop the operation" verb="Stop" danger act={() => temporal.stopBatch(ns, job, reason)} {...props}>
      <p className="text-ink-2">What has been done stays done. The rest is left as it is.</p>
      <Field label="Reason" value={reason} onChange={setReason} isRequired autoFocus />
    </ActionDialog>
  );
}
