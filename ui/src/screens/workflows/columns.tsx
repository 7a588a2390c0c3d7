// Which columns the list of runs has.
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { buttonClass } from '../../components/basics';
import { POPOVER } from '../../components/dialogs';
import { Icon } from '../../components/icons';
import { change } from '../../lib/settings';

const NAMES: Record<string, string> = {
  status: 'Status',
  workflowId: 'Workflow id',
  type: 'Type',
  runId: 'Run id',
  start: 'Start',
  close: 'End',
  duration: 'Duration',
  taskQueue: 'Task queue',
  events: 'Events',
  parent: 'Parent',
};

export function ColumnChoice({ chosen, custom }: { chosen: string[]; custom: string[] }) {
  const all = [...Object.keys(NAMES), ...custom];
  return (
    <MenuTrigger>
      <AriaButton className={buttonClass()} aria-label="Columns">
        <Icon name="columns" />
        <span className="max-md:hidden">Columns</span>
      </AriaButton>
      <Popover placement="bottom end" className={POPOVER}>
        <Menu
          aria-label="Columns"
          selectionMode="multiple"
          selectedKeys={chosen}
          onSelectionChange={(keys) => change({ columns: all.filter((id) => keys === 'all' || keys.has(id) || id === 'workflowId') })}
          className="max-h-96 min-w-44 overflow-auto p-1 outline-none"
        >
          {all.map((id) => (
            <MenuItem key={id} id={id} textValue={NAMES[id] ?? id} className="flex cursor-pointer items-center gap-2 rounded px-2 py-1 outline-none data-focused:bg-hover">
              {({ isSelected }) => (
                <>
                  <span className="size-4 text-accent">{isSelected && <Icon name="check" />}</span>
                  {NAMES[id] ?? id}
                </>
              )}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
