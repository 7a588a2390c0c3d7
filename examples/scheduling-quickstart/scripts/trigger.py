"""Take one action now, whatever the schedule's times say and even while it is paused."""

from temporalio.client import Client, ScheduleOverlapPolicy

from scripts.command import of_one_schedule, run

given = of_one_schedule(__doc__).parse_args()


async def main(client: Client) -> None:
    await client.get_schedule_handle(given.schedule).trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    print(f"{given.schedule} is triggered")


run(main)
