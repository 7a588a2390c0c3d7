"""Pause a schedule: it takes no action by itself until it is unpaused."""

from temporalio.client import Client

from scripts.command import of_one_schedule, run

arguments = of_one_schedule(__doc__)
arguments.add_argument("note", nargs="?", help="why")
given = arguments.parse_args()


async def main(client: Client) -> None:
    await client.get_schedule_handle(given.schedule).pause(note=given.note)
    print(f"{given.schedule} is paused")


run(main)
