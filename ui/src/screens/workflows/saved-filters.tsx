// Filters that are kept in this browser under a name.
import { useState } from 'react';
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from 'react-aria-components';
import { buttonClass } from '../../components/basics';
import { ActionDialog, Field, POPOVER } from '../../components/dialogs';
import { Icon } from '../../components/icons';
import { change, useSettings } from '../../lib/settings';

const MINUTE = 60_000;
const ago = (minutes: number) => new Date(Math.floor(Date.now() / MINUTE - minutes) * MINUTE).toISOString().replace('.000Z', 'Z');

/** Filters that everyone has. */
const BUILT_IN: { name: string; query: () => string }[] = [
  { name: 'Failed in the last hour', query: () => `ExecutionStatus = 'Failed' AND CloseTime > '${ago(60)}'` },
  { name: 'Running for more than a day', query: () => `ExecutionStatus = 'Running' AND StartTime < '${ago(1440)}'` },
  { name: 'Started in the last 15 minutes', query: () => `StartTime > '${ago(15)}'` },
  { name: 'Started by schedules', query: () => 'TemporalScheduledById IS NOT NULL' },
  { name: 'Without a parent', query: () => 'ParentWorkflowId IS NULL' },
];

const ITEM = 'cursor-pointer rounded px-2 py-1 outline-none data-focused:bg-hover';

export function SavedFilters({ query, onChoose }: { query: string; onChoose: (query: string) => void }) {
  const { filters } = useSettings();
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const saved = filters.find((filter) => filter.query === query);
  const save = () => {
    if (name.trim() === '') throw new Error('A filter needs a name.');
    change({ filters: [...filters.filter((filter) => filter.name !== name.trim()), { name: name.trim(), query }] });
    setName('');
  };
  return (
    <>
      <MenuTrigger>
        <AriaButton className={buttonClass()} aria-label="Filters">
          <Icon name="star" />
          <span className="max-md:hidden">{saved?.name ?? 'Filters'}</span>
        </AriaButton>
        <Popover placement="bottom end" className={POPOVER}>
          <Menu aria-label="Filters" className="max-h-96 min-w-56 overflow-auto p-1 outline-none">
            <MenuSection>
              <Header className="eyebrow px-2 pt-1">Ready-made</Header>
              {BUILT_IN.map((each) => (
                <MenuItem key={each.name} textValue={each.name} onAction={() => onChoose(each.query())} className={ITEM}>
                  {each.name}
                </MenuItem>
              ))}
            </MenuSection>
            <MenuSection>
              <Header className="eyebrow px-2 pt-2">Saved in this browser</Header>
              {filters.map((each) => (
                <MenuItem key={`saved ${each.name}`} textValue={each.name} onAction={() => onChoose(each.query)} className={ITEM}>
                  <span className="block">{each.name}</span>
                  <span className="block max-w-72 truncate font-mono text-2xs text-ink-3">{each.query}</span>
                </MenuItem>
              ))}
              {query !== '' && !saved && (
                <MenuItem textValue="Save this filter" onAction={() => setNaming(true)} className={`${ITEM} text-accent`}>
                  Save this filter…
                </MenuItem>
              )}
              {saved && (
                <MenuItem
                  textValue={`Forget ${saved.name}`}
                  onAction={() => change({ filters: filters.filter((filter) => filter !== saved) })}
                  className={`${ITEM} text-red`}
                >
                  Forget “{saved.name}”
                </MenuItem>
              )}
              {query === '' && filters.length === 0 && (
                <MenuItem isDisabled textValue="None" className="px-2 py-1 text-ink-3">
                  Filter the list, then save it here
                </MenuItem>
              )}
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
      <ActionDialog title="Save this filter" isOpen={naming} onClose={() => setNaming(false)} verb="Save" act={async () => save()}>
        <Field label="Name" value={name} onChange={setName} autoFocus isRequired />
        <code className="block font-mono text-xs break-words text-ink-2">{query}</code>
      </ActionDialog>
    </>
  );
}
