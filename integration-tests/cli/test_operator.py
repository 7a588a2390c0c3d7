"""`temporal operator`: namespaces, search attributes, the cluster."""

import uuid

import pytest

from conftest import Cli, CommandFailed
from support.awaiting import await_until


async def test_the_default_namespace_is_listed_and_described(cli: Cli):
    listed = await cli("operator", "namespace", "list")
    assert "default" in [entry["namespaceInfo"]["name"] for entry in listed]
    (described,) = as_list(await cli("operator", "namespace", "describe", "-n", "default"))
    assert described["namespaceInfo"]["name"] == "default"
    assert described["namespaceInfo"]["state"] == "NAMESPACE_STATE_REGISTERED"


async def test_a_namespace_is_created_described_by_name_and_id_and_listed(cli: Cli):
    name = f"cli-{uuid.uuid4().hex[:8]}"
    await cli.text(
        "operator", "namespace", "create", "-n", name, "--retention", "48h", "--description", "made by a test",
        "--email", "somebody@example.com", "--data", "team=blue",
    )  # fmt: skip

    async def described():
        try:
            return as_list(await cli("operator", "namespace", "describe", "-n", name))[0]
        except CommandFailed as failed:
            assert "not found" in str(failed)
            return None

    by_name = await await_until(described, "the new namespace can be described")
    info = by_name["namespaceInfo"]
    assert (info["name"], info["description"], info["ownerEmail"]) == (name, "made by a test", "somebody@example.com")
    assert info["data"] == {"team": "blue"}
    assert by_name["config"]["workflowExecutionRetentionTtl"] == "172800s"
    (by_id,) = as_list(await cli("operator", "namespace", "describe", "--namespace-id", info["id"]))
    assert by_id["namespaceInfo"]["name"] == name
    listed = await cli("operator", "namespace", "list")
    assert name in [entry["namespaceInfo"]["name"] for entry in listed]


async def test_a_namespace_cannot_be_created_twice(cli: Cli):
    with pytest.raises(CommandFailed, match="(?i)already (exists|registered)"):
        await cli.text("operator", "namespace", "create", "-n", "default")


async def test_an_unknown_namespace_is_not_found(cli: Cli):
    with pytest.raises(CommandFailed, match="not found"):
        await cli("operator", "namespace", "describe", "-n", "no-such-namespace")
    with pytest.raises(CommandFailed, match="not found"):
        await cli("workflow", "list", "-n", "no-such-namespace")


async def test_search_attributes_are_created_and_listed_and_keep_their_type(cli: Cli):
    create = ["operator", "search-attribute", "create", "--name", "KlammItFromCli"]
    await cli.text(*create, "--type", "Keyword")

    async def listed():
        return (await cli("operator", "search-attribute", "list"))["customAttributes"].get("KlammItFromCli")

    assert await await_until(listed, "the attribute is listed") == "INDEXED_VALUE_TYPE_KEYWORD"
    await cli.text(*create, "--type", "Keyword")  # Once more changes nothing.
    with pytest.raises(CommandFailed, match="already exists"):
        await cli.text(*create, "--type", "Int")
    system = (await cli("operator", "search-attribute", "list"))["systemAttributes"]
    assert system["WorkflowId"] == "INDEXED_VALUE_TYPE_KEYWORD"
    assert system["StartTime"] == "INDEXED_VALUE_TYPE_DATETIME"


async def test_the_cluster_is_healthy_and_says_its_version(cli: Cli):
    assert (await cli("operator", "cluster", "health"))["status"] == "SERVING"
    system = await cli("operator", "cluster", "system")
    assert system["serverVersion"]
    assert system["capabilities"]["encodedFailureAttributes"] is True


async def test_a_namespace_is_deleted_with_all_that_is_in_it(cli: Cli):
    name = f"cli-{uuid.uuid4().hex[:8]}"
    await cli.text("operator", "namespace", "create", "-n", name)
    start = ["workflow", "start", "-n", name, "--type", "W", "--task-queue", "q", "--workflow-id", "w"]
    await cli.text(*start)
    (described,) = as_list(await cli("operator", "namespace", "describe", "-n", name))
    namespace_id = described["namespaceInfo"]["id"]
    await cli.text("operator", "namespace", "delete", "-n", name, "--yes")
    with pytest.raises(CommandFailed, match="not found"):
        await cli.text(*start)
    listed = await cli("operator", "namespace", "list")
    assert name not in [entry["namespaceInfo"]["name"] for entry in listed]

    async def is_gone():
        try:
            (deleted,) = as_list(await cli("operator", "namespace", "describe", "--namespace-id", namespace_id))
        except CommandFailed as failed:
            assert "not found" in str(failed)
            return True
        assert deleted["namespaceInfo"]["state"] == "NAMESPACE_STATE_DELETED"
        assert deleted["namespaceInfo"]["name"] == f"{name}-deleted-{namespace_id[:5]}"
        return False

    await await_until(is_gone, "the namespace is gone", 60)
    await cli.text("operator", "namespace", "create", "-n", name)
    with pytest.raises(CommandFailed, match="not found"):
        await cli("workflow", "describe", "-n", name, "--workflow-id", "w")
    with pytest.raises(CommandFailed, match="protected from deletion"):
        await cli.text("operator", "namespace", "delete", "-n", "default", "--yes")


def as_list(answer):
    """`namespace describe` prints a list of one; be indifferent to that."""
    return answer if isinstance(answer, list) else [answer]
