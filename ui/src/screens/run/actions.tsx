// What people do to a run.
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { DescribeWorkflowExecutionResponse, HistoryEvent } from '../../api/messages';
import * as klamm from '../../api/klamm';
import * as temporal from '../../api/temporal';
import { Button } from '../../components/basics';
import { ActionDialog, Menu, type MenuEntry, useDialogs } from '../../components/dialogs';
import { attributesOf } from '../../lib/history';
import { StartDialog } from '../workflows/start-dialog';
import { ReasonDialog, SignalDialog, UpdateDialog } from './dialogs';
import { ResetDialog } from './reset-dialog';

const route = getRouteApi('/namespaces/$ns/workflows/$id/$run/$tab');

interface Props {
  run: temporal.Run;
  described: DescribeWorkflowExecutionResponse;
  events: HistoryEvent[];
  onDone: () => void;
}

type Name = 'signal' | 'update' | 'cancel' | 'pause' | 'unpause' | 'terminate' | 'again' | 'delete';

export function Actions({ run, described, events, onDone }: Props) {
  const dialogs = useDialogs<Name>();
  const { reset } = route.useSearch();
  const navigate = route.useNavigate();
  const leave = useNavigate();
  const status = described.workflowExecutionInfo?.status;
  const isPaused = status === 'WORKFLOW_EXECUTION_STATUS_PAUSED';
  const isOpen = isPaused || status === 'WORKFLOW_EXECUTION_STATUS_RUNNING';
  const requested = described.workflowExtendedInfo?.cancelRequested;
  const resetTo = (point: string | undefined) => void navigate({ search: ({ reset: _, ...search }) => (point === undefined ? search : { ...search, reset: point }), replace: true, resetScroll: false });
  const again = { id: 'again', text: 'Start again…', icon: 'play' as const, onAction: () => dialogs.show('again') };
  const entries: MenuEntry[] = [
    ...(isOpen ? [{ id: 'update', text: 'Send an update…', icon: 'edit' as const, onAction: () => dialogs.show('update') }] : []),
    ...(isOpen && !isPaused ? [{ id: 'pause', text: 'Pause…', icon: 'pause' as const, onAction: () => dialogs.show('pause') }] : []),
    { id: 'reset', text: 'Reset…', icon: 'refresh', onAction: () => resetTo('last') },
    ...(isOpen ? [again, { id: 'terminate', text: 'Terminate…', icon: 'stop' as const, danger: true, onAction: () => dialogs.show('terminate') }] : []),
    { id: 'delete', text: 'Delete…', icon: 'bin', danger: true, onAction: () => dialogs.show('delete') },
  ];
  return (
    <div className="flex gap-1.5">
      {isPaused && (
        <Button icon="play" onPress={() => dialogs.show('unpause')}>
          Unpause
        </Button>
      )}
      {isOpen && (
        <>
          <Button icon="signal" onPress={() => dialogs.show('signal')}>
            Signal
          </Button>
          <Button isDisabled={requested ?? false} onPress={() => dialogs.show('cancel')}>
            {requested ? 'Cancel requested' : 'Cancel'}
          </Button>
        </>
      )}
      {!isOpen && (
        <Button icon="play" onPress={() => dialogs.show('again')}>
          Start again
        </Button>
      )}
      <Menu label="More actions" entries={entries}>
        <Button icon="more" aria-label="More actions" />
      </Menu>
      <SignalDialog run={run} onDone={onDone} {...dialogs.props('signal')} />
      <ReasonDialog
        title="Request cancellation"
        verb="Request cancellation"
        text="The workflow is told, and ends as its code wants: it may clean up first, or go on."
        act={(reason) => temporal.cancelWorkflow(run, reason)}
        onDone={onDone}
        {...dialogs.props('cancel')}
      />
      <ReasonDialog
        title="Terminate"
        verb="Terminate"
        danger
        text="The run ends at once. Its code is not told, and cannot clean up."
        act={(reason) => temporal.terminateWorkflow(run, reason)}
        onDone={onDone}
        {...dialogs.props('terminate')}
      />
      <UpdateDialog run={run} onDone={onDone} {...dialogs.props('update')} />
      <ReasonDialog
        title="Pause"
        verb="Pause"
        text="The workflow and its activities get no new tasks until it is unpaused. What a worker has begun goes on. Timers and signals go on to come in."
        act={(reason) => temporal.pauseWorkflow(run, reason)}
        onDone={onDone}
        {...dialogs.props('pause')}
      />
      <ReasonDialog title="Unpause" verb="Unpause" text="The workflow goes on where it stood." act={(reason) => temporal.unpauseWorkflow(run, reason)} onDone={onDone} {...dialogs.props('unpause')} />
      <ActionDialog
        title="Delete"
        verb="Delete"
        danger
        act={() => klamm.deleteWorkflow(run.namespace, run.workflowId, run.runId)}
        onDone={() => void leave({ to: '/namespaces/$ns/workflows', params: { ns: run.namespace } })}
        {...dialogs.props('delete')}
      >
        <p className="text-ink-2">The run and its history are removed for good.{isOpen && ' It goes on: it is terminated first.'}</p>
      </ActionDialog>
      {reset !== undefined && events.length > 0 && <ResetDialog run={run} events={events} point={reset} onPoint={resetTo} isOpen onClose={() => resetTo(undefined)} />}
      {dialogs.open === 'again' && <StartDialog ns={run.namespace} like={like(run, described, events)} {...dialogs.props('again')} />}
    </div>
  );
}

const like = (run: temporal.Run, described: DescribeWorkflowExecutionResponse, events: HistoryEvent[]) => {
  const info = described.workflowExecutionInfo ?? {};
  return { workflowId: run.workflowId, workflowType: info.type?.name ?? '', taskQueue: info.taskQueue ?? '', input: attributesOf(events[0] ?? {}).input };
};
