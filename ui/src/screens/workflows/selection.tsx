// Which runs of the list are chosen, and what can be done to all of them.
import { useNavigate } from '@tanstack/react-router';
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import type { WorkflowExecutionInfo } from '../../api/messages';
import { Button } from '../../components/basics';
import type { Column } from '../../components/grid';
import type { Chosen, Operation, Target } from '../../lib/batch';
import { plural } from '../../lib/words';
import { BatchDialog } from './batch-dialog';

const runOf = ({ execution }: WorkflowExecutionInfo): Chosen => ({ workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '' });

export interface Selection {
  /** All that the filter lets through, also what is not loaded. */
  isAll: boolean;
  runs: ReadonlyMap<string, Chosen>;
  loaded: WorkflowExecutionInfo[];
  toggle: (run: Chosen) => void;
  toggleLoaded: () => void;
  chooseAll: () => void;
  clear: () => void;
}

const NONE: ReadonlyMap<string, Chosen> = new Map();
const Context = createContext<Selection | undefined>(undefined);

/** The selection of a list. It ends with the list: with another namespace or filter, `key` is another one. */
export function useSelection(key: string, loaded: WorkflowExecutionInfo[]): Selection {
  const [stored, setState] = useState({ key, isAll: false, runs: NONE });
  const state = stored.key === key ? stored : { key, isAll: false, runs: NONE };
  return useMemo(() => {
    const set = (runs: ReadonlyMap<string, Chosen>, isAll = false) => setState({ key, isAll, runs });
    return {
      isAll: state.isAll,
      runs: state.runs,
      loaded,
      toggle: (run) => {
        // Whoever takes one away from all has those that are loaded, without it.
        const next = new Map(state.isAll ? loaded.map((info) => [info.execution?.runId ?? '', runOf(info)]) : state.runs);
        if (!next.delete(run.runId)) next.set(run.runId, run);
        set(next);
      },
      toggleLoaded: () => set(state.isAll || state.runs.size > 0 ? NONE : new Map(loaded.map((info) => [info.execution?.runId ?? '', runOf(info)]))),
      chooseAll: () => set(NONE, true),
      clear: () => set(NONE),
    };
  }, [key, state.isAll, state.runs, loaded]);
}

export const SelectionProvider = ({ selection, children }: { selection: Selection; children: ReactNode }) => <Context value={selection}>{children}</Context>;

const BOX = 'block size-4 cursor-pointer accent-(--color-accent)';

function Box({ row }: { row: WorkflowExecutionInfo }) {
  const selection = useContext(Context)!;
  const run = runOf(row);
  return (
    <input type="checkbox" aria-label={`Choose ${run.workflowId}`} checked={selection.isAll || selection.runs.has(run.runId)} onChange={() => selection.toggle(run)} className={BOX} />
  );
}

function BoxOfAll() {
  const selection = useContext(Context)!;
  const some = selection.runs.size > 0;
  const all = selection.isAll || (some && selection.runs.size >= selection.loaded.length);
  return (
    <input
      type="checkbox"
      aria-label="Choose all rows"
      ref={(box) => {
        if (box) box.indeterminate = some && !all;
      }}
      checked={all}
      disabled={selection.loaded.length === 0}
      onChange={selection.toggleLoaded}
      className={BOX}
    />
  );
}

/** The column of boxes. Its cells ask the context, so rows are not made anew when others are chosen. */
export const SELECT_COLUMN: Column<WorkflowExecutionInfo> = { id: 'select', header: 'Choose', head: <BoxOfAll />, width: '1rem', cell: (row) => <Box row={row} /> };

const OPERATIONS: [Operation, string][] = [
  ['cancel', 'Cancel'],
  ['terminate', 'Terminate'],
  ['signal', 'Signal'],
  ['reset', 'Reset'],
  ['delete', 'Delete'],
];

interface Props {
  ns: string;
  query: string;
  /** How many the filter lets through. */
  count: number | undefined;
  selection: Selection;
}

/** What stands over the list while something is chosen. */
export function SelectionBar({ ns, query, count, selection }: Props) {
  const navigate = useNavigate();
  const [operation, setOperation] = useState<Operation>();
  const { isAll, runs } = selection;
  if (!isAll && runs.size === 0) return null;
  const target: Target = isAll ? { kind: 'all', query, count } : { kind: 'some', runs: [...runs.values()] };
  const isMore = !isAll && count !== undefined;
  return (
    <div role="group" aria-label="Chosen workflows" className="mb-2 flex min-h-10 shrink-0 flex-wrap items-center gap-1.5 rounded-lg border border-accent/40 bg-accent-soft px-3 py-1.5">
      <span role="status" className="font-medium">
        {isAll ? `All ${count === undefined ? '' : `${plural(count, 'workflow')} `}that match` : `${runs.size.toLocaleString('en')} chosen`}
      </span>
      {isMore && (
        <button type="button" className="link h-6 px-1" onClick={selection.chooseAll}>
          Choose all {count.toLocaleString('en')} that match
        </button>
      )}
      <div className="ml-auto flex flex-wrap gap-1.5">
        {OPERATIONS.map(([id, text]) => (
          <Button key={id} onPress={() => setOperation(id)}>
            {text}…
          </Button>
        ))}
        <Button kind="quiet" onPress={selection.clear}>
          Clear
        </Button>
      </div>
      {operation && (
        <BatchDialog
          ns={ns}
          operation={operation}
          target={target}
          onClose={() => setOperation(undefined)}
          onStarted={(job) => void navigate({ to: '/namespaces/$ns/batch-operations/$job', params: { ns, job } })}
        />
      )}
    </div>
  );
}
