// Questions to the workflow's code: its queries, and where it stands.
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { QueryWorkflowResponse } from '../../api/messages';
import * as temporal from '../../api/temporal';
import { Button, Failed, Loading, Note, Section } from '../../components/basics';
import { Choice, Field } from '../../components/dialogs';
import { Code, PayloadList } from '../../components/payloads';
import { decode, listOf } from '../../lib/payload';
import { words } from '../../lib/words';
import { checkedInput, InputField } from '../workflows/start-dialog';

interface Definition {
  name?: string;
  description?: string;
}

/** What the workflow says about itself: its queries by name. Workers of all newer SDKs answer this. */
function useMetadata(run: temporal.Run) {
  return useQuery({
    queryKey: ['metadata', run],
    queryFn: async () => {
      const answer = await temporal.queryWorkflow(run, '__temporal_workflow_metadata', []);
      const value = decode(listOf(answer.queryResult)[0]).value as { definition?: { queryDefinitions?: Definition[]; signalDefinitions?: Definition[] } } | undefined;
      return value?.definition ?? {};
    },
    retry: false,
    staleTime: 30_000,
  });
}

export function Queries({ run }: { run: temporal.Run }) {
  const metadata = useMetadata(run);
  const names = (metadata.data?.queryDefinitions ?? []).map((each) => each.name ?? '').filter((name) => name !== '' && !name.startsWith('__'));
  const [typed, setTyped] = useState('');
  const [input, setInput] = useState('');
  const name = typed || names[0] || '';
  const asked = useMutation({ mutationFn: () => temporal.queryWorkflow(run, name, checkedInput(input)) });
  const description = metadata.data?.queryDefinitions?.find((each) => each.name === name)?.description;
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      <Section title="Query">
        <form
          className="space-y-3 p-3"
          onSubmit={(event) => {
            event.preventDefault();
            asked.mutate();
          }}
        >
          {names.length > 0 ? (
            <Choice label="Query" value={name} onChange={setTyped} options={names.map((id) => ({ id, text: id }))} />
          ) : (
            <Field label="Query" value={typed} onChange={setTyped} isRequired hint={metadata.isLoading ? 'Asking a worker which there are…' : 'No worker has said which there are; type its name.'} />
          )}
          {description && <p className="text-ink-2">{description}</p>}
          <InputField value={input} onChange={setInput} label="Arguments" />
          <Button kind="primary" type="submit" isDisabled={asked.isPending || name === ''}>
            {asked.isPending ? 'A worker is asked…' : 'Ask'}
          </Button>
        </form>
      </Section>
      <Section title="Answer">
        {asked.error ? (
          <div className="p-3">
            <NoAnswer error={asked.error} />
          </div>
        ) : asked.data ? (
          <Answer answer={asked.data} />
        ) : (
          <p className="px-3 py-2 text-ink-3">A worker that has the workflow's code answers, also when the run is over.</p>
        )}
      </Section>
    </div>
  );
}

function Answer({ answer }: { answer: QueryWorkflowResponse }) {
  const { queryRejected } = answer;
  if (queryRejected)
    return (
      <div className="p-3">
        <Note tone="amber" title="The query was rejected">
          The run is {words(queryRejected.status, 'WORKFLOW_EXECUTION_STATUS_').toLowerCase()}.
        </Note>
      </div>
    );
  return <PayloadList payloads={answer.queryResult} label="Answer" none="The query returned nothing." />;
}

function NoAnswer({ error }: { error: Error }) {
  return (
    <Note tone="red" title="No answer">
      <p className="break-words">{error.message}</p>
      <p className="mt-1">Queries need a worker that polls the run's task queue.</p>
    </Note>
  );
}

export function StackTrace({ run, isRunning }: { run: temporal.Run; isRunning: boolean }) {
  const stack = useQuery({ queryKey: ['stack', run], queryFn: () => temporal.queryWorkflow(run, '__stack_trace', []), enabled: isRunning, retry: false, staleTime: Infinity });
  if (!isRunning) return <Note title="The run is over">Only what is running stands somewhere. How it ended is under History.</Note>;
  const answer = listOf(stack.data?.queryResult)[0];
  const decoded = answer === undefined ? undefined : decode(answer);
  return (
    <Section
      title="Where the workflow stands"
      actions={
        <Button icon="refresh" onPress={() => void stack.refetch()}>
          Ask again
        </Button>
      }
    >
      {stack.isFetching ? (
        <Loading rows={3} />
      ) : stack.error ? (
        <div className="p-3">
          <NoAnswer error={stack.error} />
        </div>
      ) : decoded ? (
        <Code text={typeof decoded.value === 'string' ? decoded.value : decoded.text} label="Stack trace" />
      ) : (
        <div className="p-3">
          <Failed error={new Error('The worker answered nothing.')} what="The stack trace" />
        </div>
      )}
    </Section>
  );
}
