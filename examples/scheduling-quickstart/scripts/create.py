"""Make schedules: those that are named, else all three."""

from temporalio.client import Client

from schedules import SCHEDULES
from scripts.command import parser, run

arguments = parser(__doc__)
arguments.add_argument("schedules", nargs="*", metavar="schedule", help=", ".join(SCHEDULES))
given = arguments.parse_args()
for id in given.schedules:
    if id not in SCHEDULES:
        arguments.error(f"no such schedule: {id}; there are {', '.join(SCHEDULES)}")


async def main(client: Client) -> None:
    for id in given.schedules or SCHEDULES:
        await client.create_schedule(id, SCHEDULES[id](), memo={"made by": "scheduling-quickstart"})
        print(f"{id} is made")


run(main)
