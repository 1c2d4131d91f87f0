"""Authorities and certificates, made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = """\
[ca]
default_ca = own
[own]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
PAST = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z")


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """An authority in a folder of its own, which keeps a list of what it has revoked."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def revoked(self) -> Path:
        return self.folder / "ca.crl"

    def issue(self, name: str, *how: str, host: str | None = None) -> Certificate:
        """A certificate of that name, for a host where one is given."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        names = [] if host is None else ["-addext", f"subjectAltName={host}"]
        openssl("req", "-new", *_KEY, "-keyout", made.key, "-out", request,
                "-subj", f"/CN={name}", *names)  # fmt: skip
        self._ca("-batch", "-in", request, "-out", made.file, "-notext", *how)
        return made

    def revoke(self, certificate: Certificate) -> None:
        self._ca("-revoke", certificate.file)
        self.list_revoked()

    def list_revoked(self) -> None:
        self._ca("-gencrl", "-out", self.revoked)

    def _ca(self, *arguments: str | Path) -> None:
        openssl("ca", "-config", self.folder / "ca.cnf", *arguments)


def authority(folder: Path) -> Authority:
    """A new authority in a new folder."""
    folder.mkdir()
    (folder / "ca.cnf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "index.txt").touch()
    (folder / "serial").write_text("1000\n")
    openssl("req", "-x509", *_KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
            "-days", "2", "-subj", f"/CN={folder.name}")  # fmt: skip
    made = Authority(folder)
    made.list_revoked()
    return made


def self_signed(folder: Path, name: str, host: str) -> Certificate:
    """A certificate that nobody else has signed."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    openssl("req", "-x509", *_KEY, "-keyout", made.key, "-out", made.file, "-days", "2",
            "-subj", f"/CN={name}", "-addext", f"subjectAltName={host}")  # fmt: skip
    return made
