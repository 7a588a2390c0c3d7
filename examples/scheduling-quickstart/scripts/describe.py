"""Say all about one schedule: what it starts and when, what it has done, what is to come."""

from temporalio.client import Client, ScheduleActionExecutionStartWorkflow, ScheduleActionStartWorkflow

from scripts.command import of_one_schedule, run

given = of_one_schedule(__doc__).parse_args()


async def main(client: Client) -> None:
    described = await client.get_schedule_handle(given.schedule).describe()
    action, spec, info = described.schedule.action, described.schedule.spec, described.info
    assert isinstance(action, ScheduleActionStartWorkflow)
    print(f"{described.id}: starts {action.workflow} on {action.task_queue}")
    state = described.schedule.state
    print(f"state      {'paused' if state.paused else 'active'}{f': {state.note}' if state.note else ''}")
    for interval in spec.intervals:
        print(f"interval   every {interval.every}{f', {interval.offset} later' if interval.offset else ''}")
    for calendar in spec.calendars:
        times = [(name, getattr(calendar, name)) for name in ("day_of_week", "hour", "minute")]
        ranges = ", ".join(f"{name} {' '.join(f'{r.start}-{r.end}' for r in found)}" for name, found in times)
        print(f"calendar   {ranges}{f' ({calendar.comment})' if calendar.comment else ''}")
    if spec.time_zone_name:
        print(f"zone       {spec.time_zone_name}")
    if spec.jitter:
        print(f"jitter     up to {spec.jitter}")
    print(f"overlap    {described.schedule.policy.overlap.name}")
    print(
        f"actions    {info.num_actions} taken, {info.num_actions_skipped_overlap} skipped, "
        f"{info.num_actions_missed_catchup_window} missed"
    )
    for recent in info.recent_actions:
        assert isinstance(recent.action, ScheduleActionExecutionStartWorkflow)
        print(f"  taken    {recent.action.workflow_id}, started {recent.started_at:%Y-%m-%d %H:%M:%S.%f} UTC")
    for running in info.running_actions:
        assert isinstance(running, ScheduleActionExecutionStartWorkflow)
        print(f"  running  {running.workflow_id}")
    for time in info.next_action_times[:5]:
        print(f"  to come  {time:%Y-%m-%d %H:%M:%S.%f} UTC")


run(main)
