"""Take now, one after another, all actions that a schedule would have taken between two times."""

from datetime import datetime, timezone

from temporalio.client import Client, ScheduleBackfill, ScheduleOverlapPolicy

from scripts.command import of_one_schedule, run


def utc(text: str) -> datetime:
    """A day or a time, in UTC unless it says otherwise."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


arguments = of_one_schedule(__doc__)
arguments.add_argument("since", type=utc, help="such as 2026-11-16 or 2026-11-16T12:00:00+00:00")
arguments.add_argument("until", type=utc)
given = arguments.parse_args()


async def main(client: Client) -> None:
    backfill = ScheduleBackfill(given.since, given.until, overlap=ScheduleOverlapPolicy.BUFFER_ALL)
    await client.get_schedule_handle(given.schedule).backfill(backfill)
    print(f"{given.schedule} makes up for {given.since:%Y-%m-%d %H:%M} to {given.until:%Y-%m-%d %H:%M} UTC")


run(main)
