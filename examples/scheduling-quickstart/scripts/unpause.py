"""Let a paused schedule go on. What it would have done meanwhile is not made up for."""

from temporalio.client import Client

from scripts.command import of_one_schedule, run

arguments = of_one_schedule(__doc__)
arguments.add_argument("note", nargs="?", help="why")
given = arguments.parse_args()


async def main(client: Client) -> None:
    await client.get_schedule_handle(given.schedule).unpause(note=given.note)
    print(f"{given.schedule} goes on")


run(main)
