// One namespace: its settings and its search attributes.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { DescribeNamespaceResponse } from '../api/messages';
import * as temporal from '../api/temporal';
import { Button, Command, Copyable, Fact, Facts, Failed, Loading, PageHeader, Section } from '../components/basics';
import { ActionDialog, Field } from '../components/dialogs';
import { Up } from '../components/links';
import { humanDuration, parseProtoDuration } from '../lib/duration';
import { words } from '../lib/words';
import { retentionOf } from './namespaces';

const route = getRouteApi('/namespaces/$ns');

export function NamespacePage() {
  const { ns } = route.useParams();
  const described = useQuery({ queryKey: ['namespace', ns], queryFn: ({ signal }) => temporal.describeNamespace(ns, signal) });
  const [editing, setEditing] = useState(false);
  const { namespaceInfo: info, config } = described.data ?? {};
  return (
    <>
      <Up>
        <Link to="/namespaces">Namespaces</Link>
      </Up>
      <PageHeader title={ns}>
        <Button icon="edit" isDisabled={!described.data} onPress={() => setEditing(true)}>
          Edit
        </Button>
      </PageHeader>
      {described.error ? (
        <Failed error={described.error} what={`Namespace ${ns}`} retry={() => void described.refetch()} />
      ) : !described.data ? (
        <Loading />
      ) : (
        <div className="space-y-3">
          <Section title="Settings">
            <Facts className="px-3 py-2.5">
              <Fact name="State">{words(info?.state, 'NAMESPACE_STATE_')}</Fact>
              <Fact name="Retention">{humanDuration(parseProtoDuration(config?.workflowExecutionRetentionTtl) ?? 0)}</Fact>
              <Fact name="Owner">{info?.ownerEmail || '—'}</Fact>
              <Fact name="Description">{info?.description || '—'}</Fact>
              <Fact name="Id">
                <Copyable text={info?.id ?? ''} what="the id" />
              </Fact>
            </Facts>
          </Section>
          <SearchAttributes ns={ns} />
          {editing && <EditDialog ns={ns} described={described.data} isOpen onClose={() => setEditing(false)} onDone={() => void described.refetch()} />}
        </div>
      )}
    </>
  );
}

function SearchAttributes({ ns }: { ns: string }) {
  const list = useQuery({ queryKey: ['search-attributes', ns], queryFn: ({ signal }) => temporal.searchAttributes(ns, signal) });
  const custom = Object.entries(list.data?.customAttributes ?? {}).sort();
  const system = Object.entries(list.data?.systemAttributes ?? {}).sort();
  const rows = [...custom.map((each) => [...each, 'custom']), ...system.map((each) => [...each, 'system'])];
  return (
    <Section title="Search attributes" count={list.data && rows.length}>
      {list.error ? (
        <div className="p-3">
          <Failed error={list.error} what="The search attributes" retry={() => void list.refetch()} />
        </div>
      ) : !list.data ? (
        <Loading />
      ) : (
        <>
          {custom.length === 0 && (
            <div className="border-b border-line px-3 py-2 text-ink-2">
              <p>There are only the system's own. Add one for what your workflows are to be found by:</p>
              <Command text={`temporal operator search-attribute create --namespace ${ns} --name Customer --type Keyword`} />
            </div>
          )}
          <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Names and types">
          <table className="w-full">
            <thead>
              <tr className="eyebrow text-left">
                <th className="px-3 pt-2 font-medium">Name</th>
                <th className="px-3 pt-2 font-medium">Type</th>
                <th className="px-3 pt-2 font-medium">Kind</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, type, kind]) => (
                <tr key={name} className="border-t border-line/60">
                  <td className="px-3 py-1 font-medium">{name}</td>
                  <td className="px-3 py-1">{words(type, 'INDEXED_VALUE_TYPE_')}</td>
                  <td className="px-3 py-1 text-ink-3">{kind}</td>
                </tr>
              ))}
            </tbody>
          </table>
          </div>
        </>
      )}
    </Section>
  );
}

function EditDialog({ ns, described, ...props }: { ns: string; described: DescribeNamespaceResponse; isOpen: boolean; onClose: () => void; onDone: () => void }) {
  const { namespaceInfo: info, config } = described;
  const seconds = (parseProtoDuration(config?.workflowExecutionRetentionTtl) ?? 0) / 1000;
  const [description, setDescription] = useState(info?.description ?? '');
  const [owner, setOwner] = useState(info?.ownerEmail ?? '');
  const [retention, setRetention] = useState(seconds % 3600 === 0 ? `${seconds / 3600}h` : `${seconds}s`);
  return (
    <ActionDialog title={`Edit ${ns}`} verb="Save" act={async () => temporal.updateNamespace(ns, description, owner, retentionOf(retention))} {...props}>
      <Field label="Retention" value={retention} onChange={setRetention} isRequired hint="Runs that are over already keep theirs." />
      <Field label="Description" value={description} onChange={setDescription} />
      <Field label="Owner's e-mail" value={owner} onChange={setOwner} />
    </ActionDialog>
  );
}
