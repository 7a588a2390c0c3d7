"""List the schedules. The list may be a moment behind."""

from temporalio.client import Client

from scripts.command import parser, run

arguments = parser(__doc__)
arguments.add_argument("--query", help="a filter, such as: TemporalSchedulePaused = true")
given = arguments.parse_args()


async def main(client: Client) -> None:
    async for entry in await client.list_schedules(given.query):
        paused = entry.schedule is not None and entry.schedule.state.paused
        times = entry.info.next_action_times if entry.info else []
        upcoming = f"next {times[0]:%Y-%m-%d %H:%M:%S} UTC" if times else "nothing to come"
        note = entry.schedule.state.note if entry.schedule else None
        print(f"{entry.id:<20} {'paused' if paused else 'active':<8} {upcoming:<32} {note or ''}".rstrip())


run(main)
