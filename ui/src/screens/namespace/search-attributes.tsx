// What the workflows of a namespace are found by.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import * as klamm from '../../api/klamm';
import * as temporal from '../../api/temporal';
import { Button, Failed, Loading, Section } from '../../components/basics';
import { ActionDialog, Choice, Field } from '../../components/dialogs';
import { words } from '../../lib/words';

export function SearchAttributes({ ns }: { ns: string }) {
  const list = useQuery({ queryKey: ['search-attributes', ns], queryFn: ({ signal }) => temporal.searchAttributes(ns, signal) });
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string>();
  const custom = Object.entries(list.data?.customAttributes ?? {}).sort();
  const system = Object.entries(list.data?.systemAttributes ?? {}).sort();
  const rows = [...custom.map((each) => [...each, 'custom'] as const), ...system.map((each) => [...each, 'system'] as const)];
  const onDone = () => void queries.invalidateQueries({ queryKey: ['search-attributes', ns] });
  return (
    <Section
      title="Search attributes"
      count={list.data && rows.length}
      actions={
        <Button icon="plus" isDisabled={!list.data} onPress={() => setAdding(true)}>
          Add
        </Button>
      }
    >
      {list.error ? (
        <div className="p-3">
          <Failed error={list.error} what="The search attributes" retry={() => void list.refetch()} />
        </div>
      ) : !list.data ? (
        <Loading />
      ) : (
        <>
          {custom.length === 0 && <p className="border-b border-line px-3 py-2 text-ink-2">There are only the system's own. Add one for what your workflows are to be found by.</p>}
          <div className="relative overflow-x-auto" tabIndex={0} role="group" aria-label="Names and types">
            <table className="w-full">
              <thead>
                <tr className="eyebrow text-left">
                  <th className="px-3 pt-2 font-medium">Name</th>
                  <th className="px-3 pt-2 font-medium">Type</th>
                  <th className="px-3 pt-2 font-medium">Kind</th>
                  <th className="px-3 pt-2 font-medium">
                    <span className="sr-only">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map(([name, type, kind]) => (
                  <tr key={name} className="border-t border-line/60">
                    <td className="px-3 py-1 font-medium">{name}</td>
                    <td className="px-3 py-1">{words(type, 'INDEXED_VALUE_TYPE_')}</td>
                    <td className="px-3 py-1 text-ink-3">{kind}</td>
                    <td className="px-3 py-0.5 text-right">{kind === 'custom' && <Button kind="quiet" icon="bin" aria-label={`Remove ${name}`} onPress={() => setRemoving(name)} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {adding && <AddDialog ns={ns} isOpen onClose={() => setAdding(false)} onDone={onDone} />}
      {removing !== undefined && (
        <ActionDialog title={`Remove ${removing}`} verb="Remove" danger isOpen onClose={() => setRemoving(undefined)} act={() => klamm.removeSearchAttribute(ns, removing)} onDone={onDone}>
          <p className="text-ink-2">Filters can no longer name it, and workflows can no longer set it. Values that runs have keep standing in their histories.</p>
        </ActionDialog>
      )}
    </Section>
  );
}

const TYPES = [
  { id: 'KEYWORD', text: 'Keyword', hint: 'A text that is compared as a whole: a customer, a state.' },
  { id: 'KEYWORD_LIST', text: 'Keyword list', hint: 'Several of them: labels.' },
  { id: 'TEXT', text: 'Text', hint: 'A text in which words are searched.' },
  { id: 'INT', text: 'Int', hint: 'A whole number.' },
  { id: 'DOUBLE', text: 'Double', hint: 'A number with a fraction.' },
  { id: 'BOOL', text: 'Bool', hint: 'True or false.' },
  { id: 'DATETIME', text: 'Datetime', hint: 'A time.' },
];

function AddDialog({ ns, ...props }: { ns: string; isOpen: boolean; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState('');
  const [type, setType] = useState('KEYWORD');
  return (
    <ActionDialog title="Add a search attribute" verb="Add" act={() => klamm.addSearchAttribute(ns, name.trim(), `INDEXED_VALUE_TYPE_${type}`)} {...props}>
      <Field label="Name" value={name} onChange={setName} isRequired autoFocus placeholder="Customer" hint="As workflows set it and filters name it." />
      <Choice label="Type" value={type} onChange={setType} options={TYPES} />
    </ActionDialog>
  );
}
