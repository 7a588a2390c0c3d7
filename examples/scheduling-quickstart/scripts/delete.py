"""Delete schedules: those that are named, else all three. Workflows that run already go on."""

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from schedules import SCHEDULES
from scripts.command import parser, run

arguments = parser(__doc__)
arguments.add_argument("schedules", nargs="*", metavar="schedule", help=f"{', '.join(SCHEDULES)}, or another id")
given = arguments.parse_args()


async def main(client: Client) -> None:
    for id in given.schedules or SCHEDULES:
        try:
            await client.get_schedule_handle(id).delete()
            print(f"{id} is deleted")
        except RPCError as error:
            # Of all three, some may never have been made.
            if given.schedules or error.status != RPCStatusCode.NOT_FOUND:
                raise


run(main)
