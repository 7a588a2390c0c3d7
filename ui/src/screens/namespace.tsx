// One namespace: its settings and its search attributes.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { DescribeNamespaceResponse } from '../api/messages';
import * as klamm from '../api/klamm';
import * as temporal from '../api/temporal';
import { Button, Copyable, Fact, Facts, Failed, Loading, PageHeader, Section } from '../components/basics';
import { ActionDialog, Field } from '../components/dialogs';
import { Up } from '../components/links';
import { humanDuration, parseProtoDuration } from '../lib/duration';
import { change, settings } from '../lib/settings';
import { plural, words } from '../lib/words';
import { SearchAttributes } from './namespace/search-attributes';
import { retentionOf } from './namespaces';

const route = getRouteApi('/namespaces/$ns');

export function NamespacePage() {
  const { ns } = route.useParams();
  const described = useQuery({ queryKey: ['namespace', ns], queryFn: ({ signal }) => temporal.describeNamespace(ns, signal) });
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
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
        <Button icon="bin" isDisabled={!described.data} onPress={() => setDeleting(true)}>
          Delete
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
          {deleting && <DeleteDialog ns={ns} isOpen onClose={() => setDeleting(false)} />}
        </div>
      )}
    </>
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

function DeleteDialog({ ns, ...props }: { ns: string; isOpen: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [typed, setTyped] = useState('');
  const count = useQuery({ queryKey: ['workflow-count', ns, ''], queryFn: ({ signal }) => temporal.countWorkflows(ns, '', signal) });
  const act = async () => {
    if (typed !== ns) throw new Error(`Type the name of the namespace, ${ns}, to delete it.`);
    await klamm.deleteNamespace(ns);
    if (settings().namespace === ns) change({ namespace: 'default' });
    await queries.invalidateQueries({ queryKey: ['namespaces'] });
  };
  return (
    <ActionDialog title={`Delete ${ns}`} verb="Delete" danger act={act} onDone={() => void navigate({ to: '/namespaces' })} {...props}>
      <p className="text-ink-2">
        The namespace is gone at once. All that is in it goes with it for good{count.data && `: ${plural(Number(count.data.count ?? 0), 'workflow')}, and its schedules`}. Workflows that go on are terminated.
      </p>
      <Field label={`Type ${ns} to delete it`} value={typed} onChange={setTyped} isRequired autoFocus mono />
    </ActionDialog>
  );
}
