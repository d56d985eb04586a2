"""Sidecars: what their two grammars take, and that nothing else is believed or run."""

import pytest

from probes.look.sidecar import LONGEST_SIDECAR_BYTES, Sidecar, SidecarError, parse_sidecar

MD5, SHA = "9e107d9d372bb6826bd81d3542a419d6", "ab" * 32
NAME = b"env.tar.gz"


@pytest.mark.parametrize(
    "text",
    [
        f"{{'dig': '{MD5}', 'size': 61}}",
        f"{{'size': 61, 'dig': '{MD5}'}}\n",
        f"{{'dig': '{MD5}', 'size': 61L}}",
        f"{{'dig': '{MD5}', 'size': 61}}\r\n",
        f"{{u'dig': u'{MD5.upper()}', u'size': 61L}}",
        f'{{"dig": "{MD5}", "size": 61,}}',
    ],
)
def test_a_dict_of_digest_and_size_is_read(text: str) -> None:
    assert parse_sidecar("dna", text.encode(), NAME) == Sidecar(MD5, 61)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "x" * (LONGEST_SIDECAR_BYTES + 1),
        "(" * 4000,
        "['dig', 'size']",
        "{'dig': 'd', 'size': 9**9**9}",
        f"{{'dig': '{MD5}', 'size': -1}}",
        f"{{'dig': '{MD5}', 'size': 61}} and more",
        f"{{'dig': '{MD5}', 'size': {'9' * 20}}}",
        f"{{'dig': '{MD5}', 'dig': '{MD5}', 'size': 61}}",
        "__import__('os').system('touch pwned')",
        "{'dig': __import__('os').system('touch pwned'), 'size': 3}",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SidecarError):
        parse_sidecar("dna", text.encode(), NAME)


@pytest.mark.parametrize(
    "text",
    [SHA, f"{SHA}  env.tar.gz\n", f"{SHA} *./x/env.tar.gz", f"SHA256 (env.tar.gz) = {SHA.upper()}"],
)
def test_a_checksum_line_of_the_file_is_read(text: str) -> None:
    assert parse_sidecar("sha256", text.encode(), NAME) == Sidecar(SHA, None)


@pytest.mark.parametrize(
    "text",
    [f"{SHA}  other.tar.gz", f"{SHA}  env.tar.gz\n{SHA}  two.tar.gz", SHA[:-1], f"{SHA}x"],
)
def test_a_checksum_of_another_file_or_of_two_is_refused(text: str) -> None:
    with pytest.raises(SidecarError):
        parse_sidecar("sha256", text.encode(), NAME)


def test_an_escaped_name_is_compared_as_the_file_is_called() -> None:
    line = f"\\{SHA}  new\\nline.tar.gz"

    assert parse_sidecar("sha256", line.encode(), b"new\nline.tar.gz").digest == SHA
