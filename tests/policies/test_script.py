"""The script of a stand, and what its output means."""

from __future__ import annotations

import socket
import subprocess

import pytest

from harness.model.policies import Reply
from harness.model.refs import ObjectRef
from harness.policies.names import query, read_reply
from harness.policies.probes import Answer, Goal, Probe, Stand, Together, not_probed
from harness.policies.script import meaning, read_output, script
from harness.policies.through_nodes import LONGEST, ThroughNodes, batches

POD = Stand(
    name="shop/web-0", pod=ObjectRef("Pod", "shop", "web-0"), address="10.244.0.11", node="node"
)
OUTSIDE = Stand(name="outside")
DB = Goal(address="10.244.0.13", port=5432)
API = Goal(address="10.244.0.12", port=8080)
DNS = Goal(address="10.96.0.10", port=53, protocol="UDP", query="db.shop.svc.cluster.local")
REPLY = (
    "6168 8580 0001 0001 0000 0000 02 6462 04 73686f70 03 737663 07 636c7573746572 05 6c6f63616c 00"
    "0001 0001 c00c 0001 0001 0000001e 0004 0a600017"
).replace(" ", "")


def read(output: str, *goals: Goal) -> list[Answer]:
    found = read_output(output, {0: (POD, goals)})
    return [found[Probe(stand=POD, goal=goal)] for goal in goals]


def test_what_says_nothing_until_the_end_has_timed_out() -> None:
    output = "s0 0 answered\ns0 ended\n"

    assert [a.reply for a in read(output, DB, API)] == [Reply.ANSWERED, Reply.TIMED_OUT]


def test_a_script_that_does_not_end_proves_nothing() -> None:
    [answer] = read("s0: bash: command not found\n", DB)

    assert answer.reply is Reply.NOT_PROBED
    assert "command not found" in answer.text


def test_a_pod_that_is_gone_is_said_to_be_gone() -> None:
    [answer] = read("s0 gone\n", DB)

    assert (answer.reply, "does not run on node" in answer.text) == (Reply.NOT_PROBED, True)


def test_errors_are_matched_by_their_address_and_told_apart() -> None:
    output = (
        "s0: connect: Connection refused\n"
        "s0: line 3: /dev/tcp/10.244.0.13/5432: Connection refused\n"
        "s0: line 4: /dev/tcp/10.244.0.12/8080: No route to host\n"
        "s0 ended\n"
    )

    assert [a.reply for a in read(output, DB, API)] == [Reply.REFUSED, Reply.UNREACHABLE]


def test_the_number_of_another_stand_is_not_taken_for_this_one() -> None:
    other = "s1 0 answered\ns1: line 3: /dev/tcp/10.244.0.13/5432: Connection refused\ns0 ended\n"

    assert [a.reply for a in read(other, DB)] == [Reply.TIMED_OUT]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Connection refused", Reply.REFUSED),
        ("Connection timed out", Reply.TIMED_OUT),
        ("No route to host", Reply.UNREACHABLE),
        ("Network is unreachable", Reply.UNREACHABLE),
        ("Operation not permitted", Reply.UNREACHABLE),
    ],
)
def test_the_words_of_the_system_have_a_meaning(said: str, reply: Reply) -> None:
    assert meaning(said) is reply


def test_a_dns_reply_is_an_answer_with_addresses() -> None:
    [answer] = read(f"s0 0 reply {REPLY} 0\ns0 ended\n", DNS)

    assert (answer.reply, answer.addresses) == (Reply.ANSWERED, ("10.96.0.23",))


def test_a_closed_udp_port_is_refused_and_a_silent_one_timed_out() -> None:
    assert read("s0 0 reply  1\ns0 ended\n", DNS)[0].reply is Reply.REFUSED
    assert read("s0 0 reply  124\ns0 ended\n", DNS)[0].reply is Reply.TIMED_OUT


def test_a_name_that_does_not_exist_is_an_answer_without_address() -> None:
    answer = read_reply(bytes.fromhex(REPLY[:4] + "8583" + "00010000" + REPLY[16:]))

    assert (answer.reply, answer.addresses) == (Reply.ANSWERED, ())
    assert answer.text == "the name does not exist"


@pytest.mark.parametrize("length", range(60))
def test_a_cut_reply_is_read_without_an_error(length: int) -> None:
    assert read_reply(bytes.fromhex(REPLY)[:length]).reply is Reply.ANSWERED


def test_a_question_holds_its_name() -> None:
    assert bytes.fromhex(REPLY[24:])[: len(query(DNS.query)) - 12] == query(DNS.query)[12:]


def test_bash_runs_the_script_as_it_is_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        open_ = Goal(address="127.0.0.1", port=server.getsockname()[1])
        closed = Goal(address="127.0.0.1", port=unused.getsockname()[1])
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script([closed, open_], 5)}", "s0"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    answers = read(done.stdout, closed, open_)
    assert [a.reply for a in answers] == [Reply.REFUSED, Reply.ANSWERED], done.stdout


def test_bash_asks_a_dns_server_with_one_whole_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        goal = Goal(
            address="127.0.0.1", port=server.getsockname()[1], protocol="UDP", query=DNS.query
        )
        with subprocess.Popen(
            ["bash", "-c", script([goal], 5), "s0"], stdout=subprocess.PIPE, text=True
        ) as child:
            asked, client = server.recvfrom(512)
            server.sendto(bytes.fromhex(REPLY), client)
            output, _ = child.communicate(timeout=20)

    assert asked == query(DNS.query)
    assert read(output, goal)[0].addresses == ("10.96.0.23",)


class Nodes:
    """Answers as containers would, and remembers what they were asked."""

    def __init__(self, output: str = "s0 0 answered\ns0 ended\n") -> None:
        self.output = output
        self.commands: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, name: str, command: tuple[str, ...], /) -> tuple[int, str]:
        self.commands.append((name, command))
        return 0, self.output


def test_a_pod_is_entered_from_its_node_by_its_address() -> None:
    nodes = Nodes()
    probe = Probe(stand=POD, goal=DB)

    answers = ThroughNodes(nodes)([probe])

    [(name, (_, _, text))] = nodes.commands
    assert name == "node"
    assert 'nsenter --net="${network[10.244.0.11]}" bash' in text
    assert answers[probe].reply is Reply.ANSWERED


def test_a_container_outside_runs_its_script_itself() -> None:
    nodes = Nodes()
    ThroughNodes(nodes)([Probe(stand=OUTSIDE, goal=DB)])

    [(name, (_, _, text))] = nodes.commands
    assert (name, "nsenter" in text) == ("outside", False)


def test_a_node_that_cannot_be_entered_leaves_its_probes_unmade() -> None:
    def fails(_name: str, _command: tuple[str, ...], /) -> tuple[int, str]:
        message = "404 no such container"
        raise OSError(message)

    probe = Probe(stand=POD, goal=DB)
    answer = ThroughNodes(fails)([probe])[probe]

    assert (answer.reply, "404" in answer.text) == (Reply.NOT_PROBED, True)


def test_no_command_is_longer_than_the_kernel_takes() -> None:
    goals = [Goal(address=f"10.244.{n // 250}.{n % 250}", port=8080) for n in range(900)]
    own = {Stand(name=f"shop/web-{n}", pod=POD.pod, node="node"): goals for n in range(3)}

    found = list(batches(own))

    assert sum(len(part) for batch in found for _, part in batch) == 2700
    nodes = Nodes()
    ThroughNodes(nodes)([Probe(stand=s, goal=g) for s, part in own.items() for g in part])
    assert max(len(command[2]) for _, command in nodes.commands) < LONGEST + 10_000


def test_together_each_stand_is_asked_by_its_own_way() -> None:
    inside, others = Nodes(), Nodes()
    together = Together(ThroughNodes(inside), ThroughNodes(others))
    probes = [Probe(stand=POD, goal=DB), Probe(stand=OUTSIDE, goal=DB)]

    assert set(together(probes)) == set(probes)
    assert ([n for n, _ in inside.commands], [n for n, _ in others.commands]) == (
        ["node"],
        ["outside"],
    )
    alone = Together(ThroughNodes(inside), None)(probes)
    assert alone[probes[1]] == not_probed(probes, "it is no pod")[probes[1]]
