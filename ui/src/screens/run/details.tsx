// What else is known about a run.
import type { DescribeWorkflowExecutionResponse } from '../../api/messages';
import { Copyable, Fact, Facts, Section, Time } from '../../components/basics';
import { RunLink } from '../../components/links';
import { JsonView, PayloadView } from '../../components/payloads';
import { humanDuration, parseProtoDuration } from '../../lib/duration';
import { inOneLine } from '../../lib/payload';

export function Details({ ns, described }: { ns: string; described: DescribeWorkflowExecutionResponse }) {
  const info = described.workflowExecutionInfo ?? {};
  const config = described.executionConfig ?? {};
  const extended = described.workflowExtendedInfo ?? {};
  const memo = Object.entries(info.memo?.fields ?? {});
  const attributes = Object.entries(info.searchAttributes?.indexedFields ?? {});
  const children = described.pendingChildren ?? [];
  const callbacks = described.callbacks ?? [];
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      <Section title="Time-outs and sizes">
        <Facts className="px-3 py-2.5">
          <Fact name="Run">{timeout(config.workflowRunTimeout)}</Fact>
          <Fact name="Execution">{timeout(config.workflowExecutionTimeout)}</Fact>
          <Fact name="Workflow task">{timeout(config.defaultWorkflowTaskTimeout)}</Fact>
          <Fact name="Expires">
            <Time value={extended.runExpirationTime ?? extended.executionExpirationTime} long />
          </Fact>
          <Fact name="History">{Number(info.historySizeBytes ?? 0).toLocaleString('en')} bytes</Fact>
          <Fact name="State transitions">{Number(info.stateTransitionCount ?? 0).toLocaleString('en')}</Fact>
          <Fact name="Cancellation">{extended.cancelRequested ? 'requested' : 'not requested'}</Fact>
          {info.firstRunId && (
            <Fact name="First run of the chain">
              <RunLink ns={ns} id={info.execution?.workflowId ?? ''} run={info.firstRunId} className="font-mono text-xs">
                {info.firstRunId}
              </RunLink>
            </Fact>
          )}
          {info.rootExecution?.workflowId && (
            <Fact name="Root">
              <RunLink ns={ns} id={info.rootExecution.workflowId} run={info.rootExecution.runId} />
            </Fact>
          )}
        </Facts>
      </Section>
      <Section title="Search attributes" count={attributes.length}>
        {attributes.length === 0 ? (
          <p className="px-3 py-2 text-ink-3">The run has none.</p>
        ) : (
          <Facts className="px-3 py-2.5">
            {attributes.map(([name, value]) => (
              <Fact key={name} name={name}>
                <Copyable text={inOneLine(value)} what={name} />
              </Fact>
            ))}
          </Facts>
        )}
      </Section>
      <Section title="Memo" count={memo.length}>
        {memo.length === 0 ? (
          <p className="px-3 py-2 text-ink-3">The run has none.</p>
        ) : (
          <div className="divide-y divide-line">
            {memo.map(([name, value]) => (
              <div key={name}>
                <p className="eyebrow px-3 pt-2">{name}</p>
                <PayloadView payload={value} label={`Memo ${name}`} />
              </div>
            ))}
          </div>
        )}
      </Section>
      <Section title="Children that go on" count={children.length}>
        {children.length === 0 ? (
          <p className="px-3 py-2 text-ink-3">There is none.</p>
        ) : (
          <ul className="divide-y divide-line">
            {children.map((child) => (
              <li key={child.initiatedId} className="flex gap-3 px-3 py-1.5">
                <RunLink ns={ns} id={child.workflowId ?? ''} run={child.runId} />
                <span className="text-ink-3">{child.workflowTypeName}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      {callbacks.length > 0 && (
        <Section title="Callbacks" count={callbacks.length}>
          <JsonView value={callbacks} label="Callbacks" />
        </Section>
      )}
      <Section title="All that describe tells" className="lg:col-span-2">
        <JsonView value={described} label="Description as JSON" />
      </Section>
    </div>
  );
}

function timeout(text: string | undefined): string {
  const length = parseProtoDuration(text);
  return length ? humanDuration(length) : 'none';
}
