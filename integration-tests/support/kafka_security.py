"""A broker that wants TLS, SCRAM-SHA-512 and permissions: its certificates, users and settings. Needs openssl."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List


@dataclass
class ScramOverTls:
    """`users` are names with passwords. None of them may do anything until it is given ACLs; who comes by the broker's plain
    listener may do everything."""

    users: Dict[str, str] = field(default_factory=dict)

    def properties(self, directory: Path) -> Dict[str, str]:
        """The broker's settings; makes its authority and certificate in the directory."""
        make_certificates(directory)
        return {
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(directory / "broker.pem"),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def format_options(self) -> List[str]:
        """What formatting the storage is told: the users."""
        return [
            option
            for name, password in self.users.items()
            for option in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
        ]


def authority(directory: Path) -> Path:
    """The certificate that clients of the broker in this directory must trust."""
    return directory / "authority.crt"


def make_certificates(directory: Path) -> None:
    """An authority, and a key and certificate of the broker for 127.0.0.1 in one file."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new_key = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-x509"]
    openssl("req", *new_key, "-subj", "/CN=klamm test authority", "-keyout", "authority.key", "-out", "authority.crt")
    (directory / "broker.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("req", *new_key[:3], "-subj", "/CN=localhost", "-keyout", "broker.key", "-out", "broker.csr")
    signing = ["-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2"]
    openssl("x509", "-req", "-in", "broker.csr", *signing, "-extfile", "broker.ext", "-out", "broker.crt")
    parts = [(directory / name).read_text() for name in ("broker.key", "broker.crt", "authority.crt")]
    (directory / "broker.pem").write_text("".join(parts))
